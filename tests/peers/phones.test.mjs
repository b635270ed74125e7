// Every way to a rep's phone, with other people's code at its far end: npm web-push-testing takes and decrypts our pushes (and
// http_ece does it once more), Apprise says what ntfy, Gotify, Pushover, Telegram and Slack expect on the wire, ical.js,
// python3-icalendar and python3-vobject read the calendar.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createECDH, createHmac, createPublicKey, randomBytes, verify } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import ICAL from "ical.js";
import { config, free_port, reply_body, root, Town, until } from "../process/support.mjs";

const require = createRequire(import.meta.url);
const ece = require("http_ece");
const { PushApiModel } = require("web-push-testing/src/PushApiModel.js");
const PushServer = require("web-push-testing/src/server.js");
const python = "/usr/bin/python3"; // Debian's own, which has the peers

let town, push, push_url, catcher;
const caught = []; // what the services that are one POST were sent

const secrets = {
    GOTIFY_TOKEN: "GotifyTok3n",
    PUSHOVER_TOKEN: "AppTokenAppTokenAppTokenAppT01",
    PUSHOVER_USER: "UserKeyUserKeyUserKeyUserKey01",
    TELEGRAM_TOKEN: "123456789:abcdefghijklmnopqrstuvwxyz012345678",
    HOOK_SECRET: "a-secret-of-more-than-24-characters",
};

function write_config(base) {
    const device = (way, lines) => `[[rep.device]]\nway = "${way}"\n${lines}\n`;
    const text = readFileSync(config, "utf8")
        .replaceAll('"../../', `"${root}/`)
        .replace('cadences = "cadences"', `cadences = "${join(dirname(config), "cadences")}"`)
        .concat(
            "\n",
            device("ntfy", `url = "${base}"\ntopic = "calls-of-joel"`),
            device("gotify", `url = "${base}"\ntoken = "env:GOTIFY_TOKEN"\nafter = "1h"`),
            device("pushover", `url = "${base}"\ntoken = "env:PUSHOVER_TOKEN"\nuser_token = "env:PUSHOVER_USER"\nafter = "1h"`),
            device("telegram", `url = "${base}"\nchat_id = "4242"\ntoken = "env:TELEGRAM_TOKEN"\nafter = "1h"`),
            device("slack", `hook_token = "env:SLACK_HOOK"\nafter = "1h"`),
            device("webhook", `url = "${base}/hook"\nsecret = "env:HOOK_SECRET"\nafter = "1h"`),
            `[push]\nsubject = "mailto:owner@example.com"\nservices = ["${push_url}"]\n`,
        );
    const file = join(town.folder, "phones.toml");
    writeFileSync(file, text);
    town.config = file;
    Object.assign(town.env, secrets, { SLACK_HOOK: `${base}/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ` });
}

before(async () => {
    const port = await free_port();
    const log = console.log;
    console.log = () => {};
    push = new PushApiModel();
    new PushServer(push, port).startServer();
    console.log = log;
    push_url = `http://localhost:${port}`;
    catcher = createServer(async (request, response) => {
        const pieces = [];
        for await (const piece of request) pieces.push(piece);
        caught.push({ url: request.url, method: request.method, headers: request.headers, body: Buffer.concat(pieces).toString() });
        response.writeHead(200, { "content-type": "application/json" }).end(request.url.startsWith("/services/") ? "ok" : '{"id":"m1","ok":true}');
    });
    await new Promise((done) => catcher.listen(0, "127.0.0.1", done));
    town = await Town.make();
    write_config(`http://127.0.0.1:${catcher.address().port}`);
    await town.start_sandbox();
    await town.start_gateway();
    town.make_token();
});
after(async () => {
    await town?.close();
    catcher?.close();
    setTimeout(() => process.exit(), 500).unref(); // web-push-testing's server cannot be closed
});

const by = { "x-warmcall-rep": "joel" };
const devices = async () => (await town.api("GET", "/devices", undefined, by)).body;
const attempt = async (id) => (await town.api("POST", `/devices/${id}/test`, {}, by)).body;
const received = (hash) => push.getNotifications({ clientHash: hash }).messages;

async function subscribe() {
    const { push_key } = await devices();
    const made = await push.subscribe({ userVisibleOnly: "true", applicationServerKey: push_key });
    const { status, body } = await town.api("POST", "/devices", { name: "Firefox · Android", endpoint: made.endpoint, keys: made.keys }, by);
    assert.equal(status, 201, JSON.stringify(body));
    return { ...made, id: body.id };
}

test("web-push-testing takes our pushes, reads them, and a phone that let go is forgotten", async () => {
    const phone = await subscribe();
    assert.equal((await town.api("POST", "/devices", { name: "again", endpoint: phone.endpoint, keys: phone.keys }, by)).body.id, phone.id, "the same browser keeps its id");
    const went = await attempt(phone.id);
    assert.deepEqual([went.went, went.status], [true, 201], JSON.stringify(went));
    const [message, ...more] = received(phone.clientHash).map((text) => JSON.parse(text));
    assert.equal(more.length, 0);
    assert.equal(message.web_push, 8030);
    assert.equal(message.notification.title, "This works");
    assert.equal(message.notification.navigate, `${town.url}/`);
    push.expireSubscription(phone.clientHash);
    const gone = await attempt(phone.id);
    assert.equal(gone.went, false);
    assert.equal(gone.status, 410);
    assert.match(gone.sentence, /no longer listens/);
    assert.ok(!(await devices()).items.some((one) => one.id === phone.id), "forgotten");
    assert.equal((await town.api("POST", `/devices/${phone.id}/test`, {}, by)).status, 404);
});

test("http_ece and node's own crypto read one push: text, signer, audience, expiry", async () => {
    const ours = createECDH("prime256v1");
    ours.generateKeys();
    const auth = randomBytes(16);
    let seen;
    const service = createServer(async (request, response) => {
        const pieces = [];
        for await (const piece of request) pieces.push(piece);
        seen = { headers: request.headers, body: Buffer.concat(pieces) };
        response.writeHead(201).end();
    });
    const port = Number(new URL(push_url).port);
    await new Promise((done) => service.listen(0, "127.0.0.1", done));
    const stranger = `http://127.0.0.1:${service.address().port}/x`;
    const keys = { p256dh: ours.getPublicKey("base64url"), auth: auth.toString("base64url") };
    const refused = await town.api("POST", "/devices", { name: "x", endpoint: stranger, keys }, by);
    assert.equal(refused.status, 422, "a service nobody named is not called");
    service.close();
    assert.equal(seen, undefined);

    // The one that is named, with a key of our own, so that the raw bytes can be looked at.
    const original = push.handleNotification.bind(push);
    push.handleNotification = async (hash, headers, body) => void (seen = { headers, body });
    const { push_key } = await devices();
    const { body: made } = await town.api("POST", "/devices", { name: "x", endpoint: `http://localhost:${port}/notify/mine`, keys: { p256dh: `${keys.p256dh}=`, auth: keys.auth } }, by);
    const went = await attempt(made.id);
    push.handleNotification = original;
    assert.equal(went.went, true, JSON.stringify(went));
    const text = ece.decrypt(seen.body, { version: "aes128gcm", privateKey: ours, authSecret: auth.toString("base64url") }).toString();
    assert.equal(JSON.parse(text).notification.tag, "trial");
    const [, token, key] = /^vapid t=([^,]+), k=(\S+)$/.exec(seen.headers.authorization);
    assert.equal(key, push_key);
    const [head, claims, signature] = token.split(".");
    const point = Buffer.from(key, "base64url");
    const jwk = { kty: "EC", crv: "P-256", x: point.subarray(1, 33).toString("base64url"), y: point.subarray(33).toString("base64url") };
    const fine = verify("sha256", `${head}.${claims}`, { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
    assert.ok(fine, "signed by the key browsers subscribe with");
    const said = JSON.parse(Buffer.from(claims, "base64url"));
    assert.equal(said.aud, push_url);
    assert.equal(said.sub, "mailto:owner@example.com");
    const hours = (said.exp - Date.now() / 1000) / 3600;
    assert.ok(hours > 11 && hours < 13, `${hours} h`);
    assert.equal((await town.api("DELETE", `/devices/${made.id}`, undefined, by)).status, 204);
});

test("what ntfy, Gotify, Pushover, Telegram and Slack get from us is what Apprise sends them", async () => {
    const title = "This works";
    const text = "This is how a call reaches you.";
    const lines = execFileSync(python, [join(root, "tests/peers/apprise_wire.py"), title, text]).toString().trim().split("\n");
    const theirs = new Map(lines.map((line) => JSON.parse(line)).map((one) => [one.service, one]));
    assert.equal(theirs.size, 5);
    const ours = async (way) => {
        const before = caught.length;
        const { items } = await devices();
        const went = await attempt(items.find((one) => one.way === way).id);
        assert.equal(went.went, true, `${way}: ${JSON.stringify(went)}`);
        return caught[before];
    };
    const path = (url) => new URL(url).pathname;
    const form = (body) => Object.fromEntries(new URLSearchParams(body));
    const pick = (object, keys) => Object.fromEntries(keys.map((key) => [key, object[key]]));

    const ntfy = [await ours("ntfy"), theirs.get("ntfy")];
    assert.equal(ntfy[0].url, path(ntfy[1].url), "JSON goes to the root");
    assert.match(ntfy[0].headers["content-type"], /^application\/json/);
    assert.deepEqual(pick(JSON.parse(ntfy[0].body), ["topic", "title", "message"]), JSON.parse(ntfy[1].body));
    assert.equal(JSON.parse(ntfy[0].body).priority, 5); // theirs: X-Priority: max
    assert.equal(ntfy[1].headers["X-Priority"], "max");

    const gotify = [await ours("gotify"), theirs.get("gotify")];
    assert.equal(gotify[0].url, path(gotify[1].url));
    assert.equal(gotify[0].headers["x-gotify-key"], gotify[1].headers["X-Gotify-Key"]);
    assert.deepEqual(pick(JSON.parse(gotify[0].body), ["title", "message", "priority"]), JSON.parse(gotify[1].body));

    const pushover = [await ours("pushover"), theirs.get("pushover")];
    assert.equal(pushover[0].url, path(pushover[1].url));
    assert.match(pushover[0].headers["content-type"], /^application\/x-www-form-urlencoded/);
    const same = ["token", "user", "title", "message", "priority"];
    assert.deepEqual(pick(form(pushover[0].body), same), pick(pushover[1].body, same));

    const telegram = [await ours("telegram"), theirs.get("telegram")];
    assert.equal(telegram[0].url, path(telegram[1].url));
    const [mine, yours] = telegram.map((one) => JSON.parse(one.body));
    assert.equal(String(mine.chat_id), String(yours.chat_id));
    assert.equal(mine.text, yours.text.replace(/<[^>]+>/g, "").replace("\r\n", "\n")); // theirs is HTML
    assert.equal(mine.link_preview_options.is_disabled, yours.disable_web_page_preview); // its newer name

    const slack = [await ours("slack"), theirs.get("slack")];
    assert.equal(slack[0].url, path(slack[1].url));
    assert.match(slack[0].headers["content-type"], /^application\/json/);
    const [shown] = JSON.parse(slack[1].body).attachments;
    assert.ok(JSON.parse(slack[0].body).text.startsWith(`${shown.title}\n${shown.text}`));
});

test("a webhook is signed as standardwebhooks.com has it", async () => {
    const { items } = await devices();
    const before = caught.length;
    assert.equal((await attempt(items.find((one) => one.way === "webhook").id)).went, true);
    const { headers, body, url } = caught[before];
    assert.equal(url, "/hook");
    const signature = createHmac("sha256", secrets.HOOK_SECRET).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`).digest("base64");
    assert.equal(headers["webhook-signature"], `v1,${signature}`);
    assert.ok(Math.abs(Number(headers["webhook-timestamp"]) - Date.now() / 1000) < 60);
});

// A contact who has just answered; the prompt about them.
async function answered(name, phone, extra) {
    const { status, body } = await town.add(name, phone, extra);
    assert.equal(status, 201, JSON.stringify(body));
    const id = body.id ?? body.contact.id;
    const sent = async () => !["none", "queued"].includes((await town.api("GET", `/contacts/${id}`)).body.reply_status);
    await until(sent, "the message to them", 90_000);
    assert.equal((await town.post(reply_body(phone, `wamid.REPLY${id}`, "I am well, thank you!"))).status, 200);
    const open = async () => (await town.api("GET", "/prompts?rep=joel&state=open")).body.items.find((p) => p.contact.id === id);
    return until(open, "the prompt", 90_000);
}

test("a prompt goes to the first phones at once, its acknowledgement clears them, and no secret is in the log", async () => {
    const phone = await subscribe();
    const before = caught.length;
    const prompt = await answered("Ana Moreau", "+61491570156");
    await until(() => received(phone.clientHash).length === 1, "the push");
    const shown = JSON.parse(received(phone.clientHash)[0]).notification;
    assert.equal(shown.tag, `prompt-${prompt.id}`);
    assert.match(shown.title, /Ana/);
    assert.match(shown.navigate, /\/p\/\d+\.joel\./);
    await until(() => caught.length === before + 1, "ntfy");
    assert.equal(JSON.parse(caught[before].body).actions[0].url, "tel:+61491570156");
    assert.equal((await town.api("POST", `/prompts/${prompt.id}/acknowledge`, {}, by)).status, 200);
    await until(() => received(phone.clientHash).length === 2, "it is taken off the screen");
    const back = JSON.parse(received(phone.clientHash)[1]);
    assert.equal(back.notification.tag, shown.tag);
    assert.equal(back.notification.silent, true);
    assert.equal(back.warmcall.take_back, true);
    assert.equal(caught.length, before + 1, "and nobody else is told");
    for (const secret of [...Object.values(secrets), phone.keys.auth, "+61491570156"]) {
        assert.ok(!town.gateway.words.includes(secret), "the log holds no secret and no number");
    }
});

test("ical.js, python3-icalendar and python3-vobject read the promised call out of the calendar; a rotated address is gone", async () => {
    const prompt = await answered("बीना \"B\" Kumar, and a name that is long enough to be folded 📚📚📚", "+61491570158", { topic: "exams; and, \\ more" });
    const next_at = new Date(Math.ceil(Date.now() / 60_000) * 60_000 + 2 * 86_400_000).toISOString();
    for (const step of ["claim", "dial", "ended"]) await town.api("POST", `/prompts/${prompt.id}/${step}`, {}, by);
    const topic = "Ask how Lucía's exams went; the 2nd, \\ and the third 📚 यह एक बहुत लंबा विषय है जो मुड़ेगा";
    const logged = await town.api("POST", `/prompts/${prompt.id}/disposition`, { reached: "human", said: "agreed_next", next_at, topic }, by);
    assert.equal(logged.status, 200, JSON.stringify(logged.body));
    const { url } = (await town.api("GET", "/calendar", undefined, by)).body;
    const feed = await fetch(url);
    assert.equal(feed.status, 200);
    assert.equal(feed.headers.get("content-type"), "text/calendar; charset=utf-8");
    const bytes = Buffer.from(await feed.arrayBuffer());
    for (const line of bytes.toString("latin1").split("\r\n")) assert.ok(line.length <= 75, `a line of ${line.length} octets`);
    const text = bytes.toString("utf8");
    assert.ok(!text.includes("\ufffd"), "no character is cut in two");
    const calendar = new ICAL.Component(ICAL.parse(text));
    const events = calendar.getAllSubcomponents("vevent").map((one) => new ICAL.Event(one));
    const event = events.find((one) => one.summary.startsWith("बीना"));
    assert.ok(event, text);
    assert.equal(event.startDate.toJSDate().toISOString(), next_at.replace(/\.\d+Z/, ".000Z"));
    assert.equal(event.description, topic);
    assert.equal(event.duration.toSeconds(), 900);
    const read = execFileSync(python, ["-c", `
import icalendar, json, sys
c = icalendar.Calendar.from_ical(sys.stdin.buffer.read())
print(json.dumps([[str(e["SUMMARY"]), str(e.get("DESCRIPTION", "")), e["DTSTART"].dt.isoformat(), str(e["UID"])] for e in c.walk("VEVENT")]))`], { input: bytes }).toString();
    const theirs = JSON.parse(read).find(([summary]) => summary.startsWith("बीना"));
    assert.equal(theirs[1], topic);
    assert.equal(new Date(theirs[2]).toISOString(), event.startDate.toJSDate().toISOString());
    const third = execFileSync(python, ["-c", `
import json, sys, vobject
c = vobject.readOne(sys.stdin.buffer.read().decode())
print(json.dumps([[e.summary.value, getattr(e, "description", e.summary).value, e.dtstart.value.isoformat()] for e in c.vevent_list]))`], { input: bytes }).toString();
    assert.deepEqual(JSON.parse(third).find(([summary]) => summary.startsWith("बीना")), theirs.slice(0, 3));
    assert.equal((await fetch(url, { headers: { "if-none-match": feed.headers.get("etag") } })).status, 304);
    assert.equal((await fetch(url.replace("joel.", "joe1."))).status, 404);
    assert.equal((await town.api("POST", "/calendar/rotate", {}, by)).status, 200);
    assert.equal((await fetch(url)).status, 404);
});
