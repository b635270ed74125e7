// A real push in Debian's own Firefox, without anybody's account: the sandbox is the push service, the gateway sends, the
// browser decrypts. Skipped where there is no Firefox.
import assert from "node:assert/strict";
import { createECDH, createPrivateKey, randomBytes, sign } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { config, free_port, root, Town, until } from "../process/support.mjs";

const ece = createRequire(import.meta.url)("http_ece");
const firefox = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
const skip = !existsSync(firefox) && "there is no Firefox here";
let town, site, browser, page;

const worker = `
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => event.waitUntil((async () => {
    for (const one of await self.clients.matchAll({ includeUncontrolled: true })) one.postMessage(event.data ? event.data.text() : "");
})()));`;

before(async () => {
    if (skip) return;
    site = createServer((request, response) => {
        const script = request.url === "/worker.js";
        response.writeHead(200, { "content-type": script ? "text/javascript" : "text/html" }).end(script ? worker : "<!doctype html><title>phone</title>");
    });
    await new Promise((done) => site.listen(0, "127.0.0.1", done));
    town = await Town.make();
    const text = readFileSync(config, "utf8")
        .replaceAll('"../../', `"${root}/`)
        .replace('cadences = "cadences"', `cadences = "${join(dirname(config), "cadences")}"`);
    town.config = join(town.folder, "push.toml");
    writeFileSync(town.config, `${text}\n[push]\nservices = ["${town.sandbox_url}"]\n`);
    const line = await free_port();
    town.sandbox = town.spawn(["sandbox", "--ledger", town.ledger_file, "--webhook", town.webhook, "--push", `127.0.0.1:${line}`]);
    await until(() => fetch(`${town.sandbox_url}/_control/clock`).then((r) => r.ok, () => false), "the sandbox");
    await town.start_gateway();
    town.make_token();
    const { default: puppeteer } = await import("puppeteer-core");
    browser = await puppeteer.launch({
        browser: "firefox",
        executablePath: firefox,
        headless: true,
        extraPrefsFirefox: {
            "dom.push.serverURL": `ws://127.0.0.1:${line}/`,
            "dom.push.testing.allowInsecureServerURL": true,
            "dom.push.connection.enabled": true,
            "permissions.default.desktop-notification": 1,
        },
    });
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${site.address().port}/`);
});
after(async () => {
    // Firefox that was told of another push service does not always end when asked: it is ended by its id.
    const asked = browser?.close().catch(() => {});
    await Promise.race([asked, new Promise((done) => setTimeout(done, 5000))]);
    browser?.process()?.kill("SIGKILL");
    site?.close();
    site?.closeAllConnections?.();
    await town?.close();
});

const by = { "x-warmcall-rep": "joel" };
const attempt = async (id) => (await town.api("POST", `/devices/${id}/test`, {}, by)).body;
const messages = async () => (await fetch(`${town.sandbox_url}/_control/push`).then((r) => r.json())).messages;

const subscribe = (key) =>
    page.evaluate(async (applicationServerKey) => {
        globalThis.heard ??= [];
        navigator.serviceWorker.onmessage = (event) => globalThis.heard.push(event.data);
        await navigator.serviceWorker.register("/worker.js");
        const { pushManager } = await navigator.serviceWorker.ready;
        await (await pushManager.getSubscription())?.unsubscribe();
        return (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey })).toJSON();
    }, key);
const heard = () => page.evaluate(() => globalThis.heard);

test("Firefox gets the push, decrypted; once it lets go the phone is forgotten", { skip, timeout: 240_000 }, async () => {
    const { push_key } = (await town.api("GET", "/devices", undefined, by)).body;
    const subscription = await subscribe(push_key);
    assert.ok(subscription.endpoint.startsWith(`${town.sandbox_url}/push/`), subscription.endpoint);
    const { status, body } = await town.api("POST", "/devices", { name: "Firefox · Linux", endpoint: subscription.endpoint, keys: subscription.keys }, by);
    assert.equal(status, 201, JSON.stringify(body));
    const went = await attempt(body.id);
    assert.deepEqual([went.went, went.status], [true, 201], JSON.stringify(went));
    const [text] = await until(async () => ((await heard()).length > 0 ? heard() : null), "the push in the page");
    assert.equal(JSON.parse(text).notification.title, "This works");
    await until(async () => (await messages()).at(-1).ack === 100, "Firefox's acknowledgement");
    await page.evaluate(async () => (await (await navigator.serviceWorker.ready).pushManager.getSubscription()).unsubscribe());
    await until(async () => (await attempt(body.id))?.status === 410, "410 after unsubscribing");
    assert.equal((await town.api("POST", `/devices/${body.id}/test`, {}, by)).status, 404, "forgotten");
});

test("a push that was tampered with on the way never reaches the page", { skip, timeout: 240_000 }, async () => {
    const signer = createECDH("prime256v1");
    signer.generateKeys();
    const point = signer.getPublicKey();
    const { endpoint, keys } = await subscribe(point.toString("base64url"));
    const before = (await heard()).length;
    const ours = createECDH("prime256v1");
    ours.generateKeys();
    const body = ece.encrypt(Buffer.from("{}"), { version: "aes128gcm", privateKey: ours, dh: keys.p256dh, authSecret: keys.auth, salt: randomBytes(16).toString("base64url") });
    body[body.length - 1] ^= 1;
    const said = [{ typ: "JWT", alg: "ES256" }, { aud: town.sandbox_url, exp: Math.floor(Date.now() / 1000) + 3600, sub: "mailto:owner@example.com" }]
        .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
        .join(".");
    const jwk = { kty: "EC", crv: "P-256", d: signer.getPrivateKey("base64url"), x: point.subarray(1, 33).toString("base64url"), y: point.subarray(33).toString("base64url") };
    const signature = sign("sha256", Buffer.from(said), { key: createPrivateKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" }).toString("base64url");
    const headers = { ttl: "60", "content-encoding": "aes128gcm", authorization: `vapid t=${said}.${signature}, k=${point.toString("base64url")}` };
    const sent = await fetch(endpoint, { method: "POST", headers, body });
    assert.equal(sent.status, 201, await sent.text());
    await until(async () => (await messages()).at(-1).ack === 101, "Firefox says that it could not decrypt it");
    assert.equal((await heard()).length, before);
});
