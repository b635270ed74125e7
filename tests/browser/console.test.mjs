// The console in a real browser, as a rep uses it. Names are sentences a rep would agree with.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { dist, launch, phone } from "./support/console.mjs";
import { open } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";
import { at, day, prompt, states } from "./support/world.mjs";

let browser, server, page, context, complaints;
let folder;

before(async () => {
    folder = dist();
    browser = await launch();
});
after(() => browser?.close());

beforeEach(async () => {
    server = await startServer(folder, states.busy);
    ({ page, context, complaints } = await phone(browser));
});
afterEach(async () => {
    await context.close();
    await server.stop();
});

const quiet = () => assert.deepEqual(complaints, []);
const writes = (ending) => server.world.writes.filter((w) => w.path.endsWith(ending));

async function until(what, seconds = 12) {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
        if (await what()) return;
        await new Promise((turn) => setTimeout(turn, 25));
    }
    assert.fail(`never became true: ${what}`);
}

// A rep's own tap on a tel: link leaves the page; headless Chromium has no dialler, so the page is told what a phone would tell it.
async function leaveAndComeBack() {
    await page.evaluate(() => {
        for (const hidden of [true, false]) {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            Object.defineProperty(document, "visibilityState", { value: hidden ? "hidden" : "visible", configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }
    });
}
// Looking elsewhere ends the five seconds in which something can be taken back.
const settle = leaveAndComeBack;

// keeps tel: from opening an error page, without touching what the console does on the tap
const noDialler = () => page.evaluate(() => addEventListener("click", (e) => e.target.closest?.("a[href^='tel:']") && e.preventDefault()));

async function call(name) {
    await noDialler();
    await page.locator(".card, .row", { hasText: name }).locator("a[href^='tel:']").click();
}

describe("the list", () => {
    test("it is in the order in which a rep calls", async () => {
        await open(page, server, "today");
        const headings = await page.locator("section.list h2").evaluateAll((all) => all.map((h) => h.id.replace("section-", "")));
        assert.deepEqual(headings, ["replied", "promised", "unlogged", "good_from", "silent", "later"]);
        quiet();
    });

    test("a reply appears by itself, without a reload", async () => {
        await open(page, server, "first_run");
        await page.evaluate(() => (window.sameDocument = true));
        await until(() => server.world.streams.size === 1);
        server.world.today = states.one;
        server.push();
        await page.locator(".card", { hasText: "Ana Pérez" }).waitFor();
        assert.equal(await page.evaluate(() => window.sameDocument), true);
        quiet();
    });

    test("a broken line is taken up again where it ended", async () => {
        await open(page, server, "first_run");
        await until(() => server.world.streams.size === 1);
        server.push();
        server.push();
        // the last id is known once the change was acted on
        server.world.today = states.one;
        server.push();
        await page.locator(".card").waitFor();
        server.dropStreams();
        await until(() => server.world.lastEventIds.length === 2);
        assert.deepEqual(server.world.lastEventIds, [null, "3"]);
        await page.locator(".pill.live").waitFor();
    });

    test("what strangers call themselves is shown as text and does nothing", async () => {
        for (const screen of ["hostile", "focus_hostile"]) {
            await open(page, server, screen);
            assert.equal(await page.title(), "warmcall");
            assert.equal(await page.locator("main img, main b, main script, main i:not([class])").count(), 0);
            assert.match(await page.locator("main").innerText(), /<img src=x onerror=/);
        }
        quiet();
    });

    test("somebody a colleague is calling cannot be called twice", async () => {
        await open(page, server, "claimed");
        const held = page.locator(".held", { hasText: "Farid" });
        assert.equal(await held.count(), 1);
        assert.equal(await held.locator("a[href^='tel:']").count(), 0);
        assert.match(await page.locator(".dock").innerText(), /Ana/);
    });

    test("where it is night the button sets a reminder instead of calling", async () => {
        await open(page, server, "today");
        assert.match(await page.locator(".list-good_from").innerText(), /there/);
        const row = page.locator(".list-good_from .row");
        assert.equal(await row.locator("a[href^='tel:']").count(), 0);
        await row.locator("button").click();
        await page.locator(".toast", { hasText: "Grace" }).waitFor();
        await settle();
        await until(() => writes("/3/snooze").length === 1);
        assert.ok(Date.parse(writes("/3/snooze")[0].body.until) > Date.now() + 2 * 3600_000);
    });

    test("an unclear stop is one question, and one tap answers it", async () => {
        await open(page, server, "questions");
        await page.getByRole("button", { name: "Yes, stop" }).click();
        await settle();
        await until(() => writes("/21/answer").length === 1);
        assert.deepEqual(writes("/21/answer")[0].body, { stop: true });
        await page.getByRole("button", { name: "Leave it" }).click();
        await settle();
        await until(() => writes("/22/answer").length === 1);
        assert.deepEqual(writes("/22/answer")[0].body, { send_again: false });
    });
});

describe("a call", () => {
    test("two taps log it: what happened, and save", async () => {
        await open(page, server, "today");
        await call("Farid");
        await leaveAndComeBack();
        const sheet = page.locator("dialog[open]");
        await sheet.waitFor();
        await sheet.locator("label", { hasText: "No answer" }).click();   // one
        await sheet.locator("button[type=submit]").click();               // two
        await sheet.waitFor({ state: "detached" });
        await settle();
        await until(() => writes("/1/disposition").length === 1);
        const [{ body, key }] = writes("/1/disposition");
        assert.equal(body.reached, "no_answer");
        assert.equal(body.said, null);
        assert.ok(Date.parse(body.next_at) > Date.now());
        assert.match(key, /^[0-9a-f]{32}$/);
        assert.equal(writes("/1/dial").length, 1);
        assert.equal(writes("/1/ended").length, 1);
        assert.equal(new URL(page.url()).hash, "#/focus/2", "the next person is on the screen");
        quiet();
    });

    test("the tap opens the phone's own dialler with the full number", async () => {
        await open(page, server, "today");
        assert.equal(await page.locator(".card", { hasText: "Farid" }).locator("a.call").getAttribute("href"), "tel:+971501234567");
    });

    test("a page thrown out of memory during the call still asks how it went", async () => {
        await open(page, server, "today");
        await call("Ana");
        await page.reload();
        await page.locator("dialog[open] h2", { hasText: "Ana Pérez" }).waitFor();
    });

    test("the sheet cannot be saved without an outcome and a next action", async () => {
        await open(page, server, "outcome");
        const save = page.locator("dialog button[type=submit]");
        assert.equal(await save.isDisabled(), true);
        await page.locator("dialog label", { hasText: "Asked me to call later" }).click();
        assert.equal(await save.isDisabled(), false);
        await page.locator("dialog label", { hasText: "Pick a time" }).click();
        assert.equal(await save.isDisabled(), true, "no time picked");
        await page.locator("dialog input[type=datetime-local]").fill("2020-01-01T10:00");
        assert.equal(await save.isDisabled(), true, "a time that has passed");
        await page.locator("dialog form").evaluate((form) => form.requestSubmit());
        await page.locator("dialog input[type=datetime-local]").press("Enter");
        assert.equal(await page.locator("dialog[open]").count(), 1);
        const soon = new Date(Date.now() + 3 * 24 * 3600_000).toISOString().slice(0, 16);
        await page.locator("dialog input[type=datetime-local]").fill(soon);
        assert.equal(await save.isDisabled(), false);
        assert.equal(writes("/disposition").length, 0);
    });

    for (const [label, said] of [["Asked to stop", "stop"], ["Not interested", "not_interested"], ["Wrong person", "wrong_person"]]) {
        test(`“${label}” ends it and needs no next action`, async () => {
            await open(page, server, "outcome");
            if (said !== "stop") await page.locator("dialog summary").click();
            await page.locator("dialog label", { hasText: label }).click();
            assert.equal(await page.locator("dialog input[name=next]").count(), 0);
            await page.locator("dialog button[type=submit]").click();
            await settle();
            await until(() => writes("/5/disposition").length === 1);
            const { body } = writes("/5/disposition")[0];
            assert.deepEqual([body.reached, body.said, body.next_at], ["human", said, null]);
        });
    }

    test("what they want to be asked next time is sent with a talk, and only with a talk", async () => {
        await open(page, server, "outcome");
        await page.locator("dialog label", { hasText: "We talked" }).click();
        await page.locator("dialog input[type=text]").fill("  the new kitchen ");
        await page.locator("dialog button[type=submit]").click();
        await settle();
        await until(() => writes("/5/disposition").length === 1);
        assert.equal(writes("/5/disposition")[0].body.topic, "the new kitchen");
        assert.equal(writes("/5/disposition")[0].body.leave_message, false);
    });

    test("undo within five seconds means that nothing was ever sent", async () => {
        await open(page, server, "outcome_talked");
        await page.locator("dialog button[type=submit]").click();
        await page.locator(".toast button", { hasText: "Undo" }).click();
        await page.locator(".toast", { hasText: "Taken back" }).waitFor();
        assert.equal(await page.evaluate(() => "wc.outbox" in localStorage), false);
        await page.evaluate(() => (location.hash = "#/"));
        await page.locator(".row", { hasText: "Sofia" }).waitFor();
        assert.equal(writes("/disposition").length, 0);
    });

    test("leaving the page does not lose what was logged a second ago", async () => {
        await open(page, server, "outcome_talked");
        await page.locator("dialog button[type=submit]").click();
        await page.locator(".toast").waitFor();
        await page.goto("about:blank");
        await until(() => writes("/5/disposition").length === 1);
    });

    test("a colleague who was quicker is named, and the sheet goes away", async () => {
        await open(page, server, "today");
        server.world.answers.set("/1/dial", { status: 409, body: { title: "Taken", status: 409, holder: "Sam", holder_id: "sam" } });
        await call("Farid");
        await page.locator(".toast.warn", { hasText: "Sam" }).waitFor();
        assert.equal(await page.evaluate(() => "wc.call" in localStorage), false);
    });

    test("a refusal by the server is told in its words", async () => {
        await open(page, server, "outcome_talked");
        server.world.answers.set("/disposition", { status: 422, body: { title: "Unprocessable", status: 422, detail: "This day is a holiday there." } });
        await page.locator("dialog button[type=submit]").click();
        await settle();
        await page.locator(".toast.warn", { hasText: "This day is a holiday there." }).waitFor();
    });
});

describe("without signal", () => {
    test("the list stays readable, after a reload too", async () => {
        await open(page, server, "today");
        await context.setOffline(true);
        await page.locator(".notice", { hasText: "offline" }).waitFor();
        assert.equal(await page.locator(".card").count(), 2);
    });

    test("what was logged is kept and sent once when the signal is back", async () => {
        await open(page, server, "outcome_talked");
        await context.setOffline(true);
        await page.locator("dialog button[type=submit]").click();
        await page.locator(".toast").waitFor();
        await settle();
        await until(() => page.evaluate(() => JSON.parse(localStorage.getItem("wc.outbox"))?.some((op) => op.not_before === 0)));
        assert.equal(writes("/disposition").length, 0);
        await context.setOffline(false);
        // what a reconnect does: several wake-ups at once, in this tab and in another one
        const other = await context.newPage();
        await other.goto(server.url);
        await Promise.all([page, other].map((p) => p.evaluate(() => window.dispatchEvent(new Event("online")))));
        await until(() => page.evaluate(() => localStorage.getItem("wc.outbox") === null));
        assert.equal(writes("/5/disposition").length, 1);
    });

    test("a server that is down for a moment gets it again under the same key", async () => {
        await open(page, server, "outcome_talked");
        server.world.answers.set("/disposition", { status: 503, body: { title: "busy", status: 503 } });
        await page.locator("dialog button[type=submit]").click();
        await settle();
        await until(() => writes("/5/disposition").length >= 1);
        server.world.answers.clear();
        await page.evaluate(() => window.dispatchEvent(new Event("online")));
        await until(() => page.evaluate(() => localStorage.getItem("wc.outbox") === null));
        const keys = new Set(writes("/5/disposition").map((w) => w.key));
        assert.ok(writes("/5/disposition").length >= 2);
        assert.equal(keys.size, 1);
    });

    test("the app opens without signal once it was opened with it", async () => {
        const { context: installed, page: app } = await phone(browser, { workers: "allow" });
        server.world.today = states.busy;
        await app.goto(server.url);
        await app.locator(".card").first().waitFor();
        await app.evaluate(() => navigator.serviceWorker.ready);
        await until(() => app.evaluate(async () => (await caches.keys()).length === 1 && (await (await caches.open((await caches.keys())[0])).match("/")) !== undefined));
        await until(() => app.evaluate(() => localStorage.getItem("wc.today") !== null)); // the list is on the phone
        await installed.setOffline(true);
        await app.reload();
        await app.locator(".card", { hasText: "Farid" }).waitFor();
        await installed.close();
    });
});

describe("signing in", () => {
    test("the link needs a press of the button, and its token leaves the address at once", async () => {
        server.world.signedIn = false;
        await page.goto(`${server.url}/login#t=good-token`);
        await page.locator("form button").waitFor();
        assert.equal(page.url(), `${server.url}/login`);
        assert.equal(await page.locator("input[name=token]").isVisible(), false, "and is not on the screen");
        assert.equal(writes("/login").length, 0, "opening the link alone changes nothing");
        await page.locator("form button").click();
        await page.waitForURL(`${server.url}/`);
        assert.deepEqual(writes("/login")[0].body, { token: "good-token" });
    });

    test("a used link says so and offers to paste another", async () => {
        server.world.signedIn = false;
        await page.goto(`${server.url}/login#t=old-token`);
        await page.locator("form button").click();
        await page.getByText("used or is too old").waitFor();
        await page.locator("input[name=token]").fill("good-token");
        await page.locator("form button").click();
        await page.waitForURL(`${server.url}/`);
    });

    test("whoever is signed out is told how to get in, and sees no names", async () => {
        await open(page, server, "today");
        server.world.signedIn = false;
        await page.reload();
        await page.getByRole("link", { name: "Sign in" }).waitFor();
        assert.doesNotMatch(await page.locator("body").innerText(), /Farid/);
    });

    test("signing out takes the saved list off the phone", async () => {
        await open(page, server, "settings");
        await page.getByRole("button", { name: "Sign out" }).click();
        await page.waitForURL(/login/);
        assert.equal(await page.evaluate(() => "wc.today" in localStorage), false);
    });
});

describe("the rep's choices", () => {
    test("language and theme are kept", async () => {
        await open(page, server, "settings");
        await page.locator("label", { hasText: "العربية" }).click();
        await page.locator("h1", { hasText: "الإعدادات" }).waitFor();
        assert.equal(await page.evaluate(() => document.documentElement.dir), "rtl");
        await page.locator("label", { hasText: "داكن" }).click();
        await page.reload();
        await page.locator("h1", { hasText: "الإعدادات" }).waitFor();
        assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir, document.documentElement.dataset.theme]), ["ar", "rtl", "dark"]);
        quiet();
    });

    test("everything is reachable by keyboard alone, and two keys open a person", async () => {
        server.world.today = () => day({ prompts: [prompt({ id: 71, name: "Ana Pérez", words: "hello", raised_at: at(-60_000) })] });
        await page.goto(server.url);
        await page.locator(".card").waitFor();
        await page.keyboard.press("Tab");
        assert.equal(await page.evaluate(() => document.activeElement.className), "skiplink");
        await page.keyboard.press("Tab");
        assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), "#/focus/71");
        await page.keyboard.press("Enter");
        await page.locator("h1.bigname").waitFor();
        await until(() => page.evaluate(() => document.activeElement.tagName === "H1"));
    });
});
