// The console on the real gateway, with the sandbox as the customers' phones: sign in, a reply rises by itself, call, log it in two taps.
// $WARMCALL names the binary; without it there is nothing to try.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, overflow, phone, root, violations } from "./support/console.mjs";
import { free_port } from "../process/support.mjs";

const binary = process.env.WARMCALL;
const patience_ms = 60_000;
let folder, env, browser, gateway;
const running = [];

async function until(what, words) {
    for (const end = Date.now() + patience_ms; Date.now() < end; ) {
        if (await what()) return;
        await new Promise((turn) => setTimeout(turn, 50));
    }
    assert.fail(words);
}

async function start(args, url) {
    const child = spawn(binary, [...args, "--config", "config/demo.toml"], { cwd: root, env, stdio: ["ignore", "ignore", "inherit"] });
    running.push(child);
    await until(() => fetch(url).then((r) => r.ok, () => false), `${args[0]} did not start`);
    return child;
}

async function stop(child) {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    await ended;
    running.splice(running.indexOf(child), 1);
}

before(async () => {
    if (!binary) return;
    folder = mkdtempSync(join(tmpdir(), "warmcall-browser-"));
    const [port, sandbox] = [await free_port(), await free_port()];
    const secret = () => randomBytes(16).toString("hex");
    env = {
        ...process.env,
        WARMCALL_LISTEN: `127.0.0.1:${port}`,
        WARMCALL_URL: `http://127.0.0.1:${port}`,
        SANDBOX_URL: `http://127.0.0.1:${sandbox}`,
        WARMCALL_STORE: `sqlite:${folder}/warmcall.db`,
        DEMO_ACCESS_TOKEN: secret(),
        DEMO_APP_SECRET: secret(),
        DEMO_VERIFY_TOKEN: secret(),
    };
    await start(["sandbox", "--ledger", `${folder}/ledger.jsonl`, "--people", "config/demo/contacts.csv"], `${env.SANDBOX_URL}/`);
    execFileSync(binary, ["import", "config/demo/contacts.csv", "--config", "config/demo.toml", "--rep", "joel", "--cadence", "demo"], { cwd: root, env, stdio: ["ignore", "ignore", "inherit"] });
    gateway = await start(["serve"], `${env.WARMCALL_URL}/readyz`);
    browser = await launch();
});
after(async () => {
    await browser?.close();
    for (const child of [...running].reverse()) await stop(child);
    if (folder) rmSync(folder, { recursive: true });
});

const control = (path, body) => fetch(`${env.SANDBOX_URL}/_control/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
const written = async (to) => (await (await fetch(`${env.SANDBOX_URL}/_control/messages?phone=${to}`)).text()).length > 200;

const without = { skip: !binary && "WARMCALL names no binary" };
const signInLink = () => execFileSync(binary, ["token", "link", "joel", "--valid", "1h", "--config", "config/demo.toml"], { cwd: root, env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
async function signedIn(options = {}) {
    const opened = await phone(browser, { zone: "Asia/Kolkata", ...options });
    await opened.page.goto(signInLink());
    await opened.page.locator("form button").click();
    await opened.page.getByRole("heading", { name: /Joel/ }).waitFor();
    return opened;
}

test("a reply rises on the rep's phone, and two taps after the call it is logged", { skip: !binary && "WARMCALL names no binary" }, async () => {
    const { page, context, complaints } = await phone(browser, { workers: "allow", zone: "Asia/Kolkata" });
    const link = execFileSync(binary, ["token", "link", "joel", "--valid", "1h", "--config", "config/demo.toml"], { cwd: root, env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    await page.goto(link.trim());
    await page.locator("form button").click();
    await page.getByRole("heading", { name: /Joel/ }).waitFor();
    await page.locator(".pill.live").waitFor();

    await until(() => written("919876500001"), "Amara was never asked how she is");
    await page.evaluate(() => (window.sameDocument = true));
    const words = "We are well <b>thank you</b>! And you?";
    assert.ok((await control("reply", { from: "919876500001", text: words })).ok);
    const card = page.locator(".list-replied .card", { hasText: "Amara Nair" });
    await card.waitFor({ timeout: patience_ms });
    assert.ok((await card.innerText()).includes(words));
    assert.equal(await page.evaluate(() => window.sameDocument), true, "without a reload");
    assert.deepEqual(await violations(page), []);

    // the phone's dialler comes to the front, and the rep comes back
    await page.evaluate(() => addEventListener("click", (e) => e.target.closest?.("a[href^='tel:']") && e.preventDefault()));
    const dialled = page.waitForResponse((r) => r.url().endsWith("/dial"));
    await card.locator("a[href='tel:+919876500001']").click();
    assert.equal((await dialled).status(), 200);
    const look = () =>
        page.evaluate(() => {
            for (const hidden of [true, false]) {
                Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
                document.dispatchEvent(new Event("visibilitychange"));
            }
        });
    await look();
    const sheet = page.locator("dialog[open]");
    await sheet.locator("label", { hasText: "No answer" }).click();
    const saved = page.waitForResponse((r) => r.url().endsWith("/disposition"));
    await sheet.locator("button[type=submit]").click();
    await look();
    assert.equal((await saved).status(), 200);
    await until(() => page.evaluate(() => !("wc.outbox" in localStorage)), "everything was handed over");

    const today = await page.evaluate(() => fetch("/api/v1/today").then((r) => r.json()));
    assert.equal(today.called, 1);
    assert.ok(!today.prompts.some((p) => p.contact.name === "Amara Nair"), "she is not to be called again at once");
    await page.evaluate(() => (location.hash = "#/"));
    await page.locator("details.done").waitFor();
    assert.deepEqual(complaints, []);

    // the shell is on the phone now
    await page.evaluate(() => navigator.serviceWorker.ready);
    await context.setOffline(true);
    await page.reload();
    await page.getByRole("heading", { name: /Joel/ }).waitFor();
    await context.close();
});

test("on the sandbox's page every phone can be written on, however wide the window is", without, async () => {
    for (const width of [390, 899, 900, 1100, 1500]) {
        const { page, context, complaints } = await phone(browser, { width });
        await page.goto(env.SANDBOX_URL);
        await page.locator("#quick").waitFor();
        const cut_off = await page.evaluate(() =>
            [...document.querySelectorAll("main > section")]
                .filter((s) => s.clientHeight > 0 && [...s.querySelectorAll("form")].some((f) => f.getBoundingClientRect().bottom > s.getBoundingClientRect().bottom))
                .map((s) => s.getAttribute("aria-label")),
        );
        assert.deepEqual(cut_off, [], `at ${width} pixels`);
        assert.deepEqual(complaints, []);
        await context.close();
    }
});

test("what happens while the gateway restarts is on the screen afterwards, without a reload", without, async () => {
    const { page, context } = await signedIn();
    await page.locator(".pill.live").waitFor();
    await until(async () => (await written("919876500002")) && (await written("34612345678")), "Ravi and Lucía were never asked how they are");
    await page.evaluate(() => (window.sameDocument = true));
    // something was heard on this line, so that there is a place to resume from
    assert.ok((await control("reply", { from: "34612345678", text: "Todo bien" })).ok);
    await page.locator(".list-replied", { hasText: "Todo bien" }).waitFor({ timeout: patience_ms });
    const heard = page.waitForRequest((r) => r.url().endsWith("/api/v1/stream") && r.headers()["last-event-id"] !== undefined, { timeout: patience_ms });
    await stop(gateway);
    await page.locator(".pill:not(.live)").waitFor({ timeout: patience_ms });
    // the provider keeps what it could not deliver, and comes again
    assert.ok((await control("reply", { from: "919876500002", text: "सब बढ़िया, धन्यवाद!" })).ok);
    gateway = await start(["serve"], `${env.WARMCALL_URL}/readyz`);
    await heard;
    await page.locator(".list-replied", { hasText: "सब बढ़िया" }).waitFor({ timeout: patience_ms });
    await page.locator(".pill.live").waitFor({ timeout: patience_ms });
    assert.equal(await page.evaluate(() => window.sameDocument), true);
    await context.close();
});

// The page behind the link of a message to the rep, for who it is about.
async function pageAbout(name, page) {
    const told = await (await fetch(`${env.SANDBOX_URL}/_control/messages?phone=919876543210`)).text();
    for (const path of new Set(told.match(/\/p\/[\w.%~-]+/g))) {
        await page.goto(env.WARMCALL_URL + path);
        if ((await page.locator("h1").innerText()).startsWith(name)) return true;
    }
    return false;
}

test("the page behind a message's link needs no script: the call is logged, with a next action", without, async () => {
    const { page, context } = await phone(browser, { width: 320, javaScriptEnabled: false, zone: "Asia/Kolkata" });
    await until(() => pageAbout("Lucía", page), "Joel was told of Lucía's reply");
    await page.locator("blockquote", { hasText: "Todo bien" }).waitFor();
    assert.equal(await page.locator(".actions a.main").getAttribute("href"), "tel:+34612345678");

    await page.getByRole("radio", { name: "No answer" }).check();
    await page.getByRole("textbox", { name: "What to ask next time" }).fill("Her sister's wedding");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("[role=alert]", { hasText: "Choose your next action" }).waitFor();
    assert.equal(await page.locator("input[name=topic]").inputValue(), "Her sister's wedding", "what was typed is still there");
    assert.equal(await page.getByRole("radio", { name: "No answer" }).isChecked(), true);
    await page.locator("input[name=next]").first().check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Lucía: this is done" }).waitFor();
    await page.getByText(/^Next: /).waitFor();
    await context.close();

    for (const theme of ["light", "dark"])
        for (const width of [320, 390, 768, 1280]) {
            const seen = await phone(browser, { width, theme });
            await until(() => pageAbout("Ravi", seen.page), "Joel was told of Ravi's reply");
            assert.deepEqual(await violations(seen.page), [], `${theme} ${width}`);
            assert.deepEqual(await overflow(seen.page), [], `${theme} ${width}`);
            assert.deepEqual(seen.complaints, []);
            await seen.context.close();
        }
});

test("a phone is paired by the code on the screen, once", without, async () => {
    const { page, context } = await signedIn();
    await page.evaluate(() => (location.hash = "#/settings"));
    const made = page.waitForResponse((r) => r.url().endsWith("/sign_in_link"));
    await page.getByRole("button", { name: "Add a phone" }).click();
    const { url } = await (await made).json();
    const picture = join(folder, "qr.png");
    await page.locator("dialog .qr").screenshot({ path: picture });
    const seen = execFileSync("zbarimg", ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture], { encoding: "utf8" }).trim();
    assert.equal(seen, url, "another program reads the same link");

    const fresh = await phone(browser);
    await fresh.page.goto(seen);
    await fresh.page.locator("form button").click();
    await fresh.page.getByRole("heading", { name: /Joel/ }).waitFor();
    await fresh.context.close();
    const second = await phone(browser);
    await second.page.goto(seen);
    await second.page.locator("form button").click();
    await second.page.getByText("used or is too old").waitFor();
    await second.context.close();
    await context.close();
});

test("whoever only looks changes nothing: every GET is safe for link previews and mail scanners", without, async () => {
    const { page, context } = await signedIn();
    const changed = await page.evaluate(async () => {
        const json = (path) => fetch(path, { headers: { Accept: "application/json" } }).then((r) => r.json());
        const { items } = await json("/api/v1/contacts");
        const { paths } = await json("/api/v1/openapi.json");
        const state = async () => JSON.stringify([await Promise.all(items.map(async (c) => (await json(`/api/v1/contacts/${c.id}`)).timeline)), (await json("/api/v1/prompts")).items.map((p) => [p.id, p.phase, p.claimed_by, p.acknowledged_at]), (await json("/api/v1/sessions")).items.map((s) => s.id)]);
        const before = await state();
        const gets = Object.keys(paths).filter((path) => "get" in paths[path] && !path.endsWith("/stream"));
        const prompts = (await json("/api/v1/prompts")).items.map((p) => p.id);
        for (const path of gets)
            for (const id of path.includes("{id}") ? [...items.map((c) => c.id), ...prompts, "joel"] : [""]) await fetch(path.replace("{id}", id).replace(/\{\w+\}/g, "x"));
        for (const path of ["/", "/login", "/?from=push"]) await fetch(path);
        return { same: before === (await state()), looked: gets.length };
    });
    assert.ok(changed.looked > 15, String(changed.looked));
    assert.equal(changed.same, true);
    await context.close();
});
