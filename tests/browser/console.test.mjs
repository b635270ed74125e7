// The console in a real browser, as a rep uses it. Names are sentences a rep would agree with.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import { dist, inLanguage, launch, phone } from "./support/console.mjs";
import { open } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";
import * as people from "./support/people.mjs";
import { at, day, prompt, states } from "./support/world.mjs";

let browser, server, page, context, complaints;
let folder;

before(async () => {
    folder = dist();
    browser = await launch();
    ({ page, context, complaints } = await phone(browser));
});
after(() => browser?.close());

// One browser window for all; a server of its own, and so an origin without a past, for each.
beforeEach(async () => {
    server = await startServer(folder, states.busy);
    complaints.length = 0;
});
afterEach(async () => {
    for (const other of context.pages()) if (other !== page) await other.close();
    await context.setOffline(false);
    await page.goto("about:blank");
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

describe("whose turn it is", () => {
    test("somebody who was put off does not come straight back as the next call, and the row says until when", async () => {
        await open(page, server, "snoozed");
        assert.match(await page.locator(".dock").innerText(), /रोहन/);
        assert.match(await page.locator(".list-good_from .row").innerText(), /waits until/);
        assert.equal(await page.locator(".list-good_from .row a[href^='tel:']").count(), 1, "and can be called all the same");
        await page.evaluate(() => (location.hash = "#/focus/2"));
        await page.locator(".why", { hasText: "comes back on top at" }).waitFor();
        await page.evaluate(() => (location.hash = "#/focus/4"));
        await page.locator(".position", { hasText: "1 of 1" }).waitFor();
    });

    test("what is better later is not offered as the next call", async () => {
        await open(page, server, "today");
        await page.evaluate(() => (location.hash = "#/focus/8"));
        await page.locator(".position").waitFor();
        assert.match(await page.locator(".position").innerText(), /of 7/, "eight wait, and it is night where Grace is");
    });

    test("a promise is told on the rep's own clock, with theirs beside it where it differs", async () => {
        const due = at(-45 * 60_000);
        server.world.today = () => day({ prompts: [prompt({ id: 4, name: "Rohan", kind: "promised", due_at: due, contact: { time_zone: "Asia/Kolkata" } }), prompt({ id: 5, name: "Ana", kind: "promised", due_at: due })] });
        const clock = (zone) => new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone }).format(new Date(due));
        const said = async (id) => {
            await page.goto(`${server.url}/icon.svg`);
            await page.goto(`${server.url}/#/focus/${id}`);
            return (await page.locator(".why").innerText()).replace(/[\u2068\u2069]/g, "");
        };
        const theirs = await said(4);
        assert.ok(theirs.includes(`${clock("Europe/Berlin")}. (`) || theirs.includes("Yesterday") || theirs.includes(clock("Europe/Berlin")), theirs);
        assert.ok(theirs.includes(`${clock("Asia/Kolkata")} there)`), theirs);
        const ours = await said(5);
        assert.ok(ours.includes(clock("Europe/Berlin")) && !ours.includes("there"), ours);
    });

    test("without a number the talk is logged all the same, and the number can be added", async () => {
        await open(page, server, "no_phone");
        assert.equal(await page.locator(".dock a[href^='tel:']").count(), 0);
        assert.equal(await page.locator(".dock a", { hasText: "Add a number" }).getAttribute("href"), "#/contact/110/edit");
        await page.locator(".dock .main", { hasText: "How did it go?" }).click();
        await page.locator("dialog[open] h2", { hasText: "Kim Larsen" }).waitFor();
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

    test("a tap on the number by mistake is taken back, and no outcome is made up", async () => {
        await open(page, server, "today");
        await call("Farid");
        await leaveAndComeBack();
        const sheet = page.locator("dialog[open]");
        await sheet.getByRole("button", { name: "I did not call" }).click();
        await sheet.waitFor({ state: "detached" });
        await page.locator(".toast", { hasText: "was not called" }).waitFor();
        await until(() => writes("/1/not_called").length === 1);
        assert.equal(writes("/1/disposition").length, 0);
        quiet();
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

describe("a refusal in the rep's own language", () => {
    const late = { title: "Not possible as things stand", status: 409, type: "urn:warmcall:problem:late", detail: "This call is over." };
    for (const [language, words] of [["en", "This call is over."], ["hi", "यह काम पहले ही हो चुका है।"], ["ar", "تم التعامل مع هذا من قبل."]]) {
        test(`it is told by its code: ${language}`, async () => {
            await open(page, server, "outcome_talked");
            await inLanguage(page, language);
            server.world.answers.set("/disposition", { status: 409, body: late });
            await page.locator("dialog button[type=submit]").click();
            await settle();
            await page.locator(".toast.warn", { hasText: words }).waitFor();
        });
    }
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

    test("what the server would not take stays on Today, and opens again as it was filled in", async () => {
        await open(page, server, "outcome_talked");
        server.world.answers.set("/disposition", { status: 422, body: { title: "Unprocessable", status: 422, detail: "This day is a holiday there." } });
        await page.locator("dialog input[type=text]").fill("the new kitchen");
        await page.locator("dialog button[type=submit]").click();
        await settle();
        await page.locator(".toast.warn").waitFor();
        await page.evaluate(() => (location.hash = "#/"));
        const kept = page.locator(".list-unsaved li");
        assert.match(await kept.innerText(), /Sofia Rossi\s+We talked · .?the new kitchen.? · [\s\S]*This day is a holiday there/);
        await page.reload();
        await kept.waitFor();
        server.world.answers.clear();
        await kept.getByRole("button", { name: "Correct it" }).click();
        assert.equal(await page.locator("dialog input[name=outcome]:checked").inputValue(), "talked");
        assert.equal(await page.locator("dialog input[type=text]").inputValue(), "the new kitchen");
        assert.ok(Date.parse(await page.locator("dialog input[type=datetime-local]").inputValue()) > Date.now());
        assert.match(await page.locator("dialog .note").innerText(), /holiday/);
        await page.locator("dialog label", { hasText: "In 1 week" }).click();
        await page.locator("dialog button[type=submit]").click();
        await settle();
        await until(() => writes("/5/disposition").length === 2);
        assert.equal(writes("/5/disposition")[1].body.topic, "the new kitchen");
        assert.notEqual(writes("/5/disposition")[0].key, writes("/5/disposition")[1].key);
        await page.evaluate(() => (location.hash = "#/"));
        await until(async () => (await kept.count()) === 0);
        assert.equal(await page.evaluate(() => "wc.unsaved" in localStorage), false);
    });

    test("several that were refused are all there, and one is thrown away on purpose", async () => {
        await open(page, server, "today");
        server.world.answers.set("/disposition", { status: 409, body: { status: 409, type: "urn:warmcall:problem:late", detail: "This call is over." } });
        const op = (prompt, name) => ({ key: `${prompt}`.repeat(32), path: `/api/v1/prompts/${prompt}/disposition`, body: { reached: "no_answer", said: null, next_at: new Date(Date.now() + 3600_000).toISOString(), topic: "", leave_message: true, won: false }, not_before: 0, made: Date.now() - 9 * 24 * 3600_000, name, prompt });
        // nine days without signal are no reason to lose anything
        await page.evaluate((ops) => localStorage.setItem("wc.outbox", JSON.stringify(ops)), [op(1, "Farid Al Amiri"), op(2, "Ana Pérez")]);
        await page.reload();
        const kept = page.locator(".list-unsaved li");
        await until(async () => (await kept.count()) === 2);
        await kept.first().getByRole("button", { name: "Discard" }).click();
        await until(async () => (await kept.count()) === 1);
        await page.locator(".toast button", { hasText: "Undo" }).click();
        await until(async () => (await kept.count()) === 2);
        assert.deepEqual(await kept.locator(".name").allInnerTexts(), ["Ana Pérez", "Farid Al Amiri"]);
    });

    test("when only the time of the next action has passed meanwhile, the next one that suits is taken", async () => {
        await open(page, server, "today");
        const passed = new Date(Date.now() - 3600_000).toISOString();
        server.world.answers.set("/5/disposition", (body) => (Date.parse(body.next_at) < Date.now() ? { status: 422, body: { status: 422, type: "urn:warmcall:problem:next_action_missing" } } : { status: 200, body: {} }));
        server.world.api = people.api({ "/api/v1/prompts/5": () => prompt({ id: 5, name: "Sofia Rossi" }) });
        const op = { key: "5".repeat(32), path: "/api/v1/prompts/5/disposition", body: { reached: "no_answer", said: null, next_at: passed, topic: "", leave_message: false, won: false }, not_before: 0, made: Date.now() - 3 * 3600_000, name: "Sofia Rossi", prompt: 5 };
        await page.goto(`${server.url}/icon.svg`); // a page that goes away would send it as well
        await page.evaluate((kept) => localStorage.setItem("wc.outbox", JSON.stringify([kept])), op);
        await page.goto(server.url);
        await until(() => writes("/5/disposition").length === 2);
        const [first, second] = writes("/5/disposition");
        assert.notEqual(first.key, second.key, "other words need another key");
        assert.ok(Date.parse(second.body.next_at) > Date.now());
        assert.deepEqual({ ...second.body, next_at: passed }, op.body);
        await page.locator(".toast.warn", { hasText: "Sofia Rossi" }).waitFor();
        assert.equal(await page.locator(".list-unsaved").count(), 0);
        await until(() => page.evaluate(() => localStorage.getItem("wc.outbox") === null));
    });

    test("undo works without signal too: nothing is sent when it is back", async () => {
        await open(page, server, "outcome_talked");
        await context.setOffline(true);
        await page.locator("dialog button[type=submit]").click();
        await page.locator(".toast button", { hasText: "Undo" }).click();
        await page.locator(".toast", { hasText: "Taken back" }).waitFor();
        // what waits is that the next card was seen
        assert.deepEqual(await page.evaluate(() => (JSON.parse(localStorage.getItem("wc.outbox")) ?? []).map((op) => op.path).filter((path) => !path.endsWith("/acknowledge"))), []);
        await context.setOffline(false);
        await page.evaluate(() => window.dispatchEvent(new Event("online")));
        await page.evaluate(() => (location.hash = "#/"));
        await page.locator(".row", { hasText: "Sofia" }).waitFor();
        assert.equal(writes("/disposition").length, 0);
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

    for (const [status, words] of [[503, "cannot be reached"], [429, "Too many links"]]) {
        test(`a ${status} is not the link's fault, and the code is kept`, async () => {
            server.world.signedIn = false;
            await page.goto(`${server.url}/login#t=good-token`);
            server.world.answers.set("/login", { status, body: { status } });
            await page.locator("form button").click();
            await page.getByText(words).waitFor();
            assert.equal(await page.getByText("used or is too old").count(), 0);
            server.world.answers.clear();
            await page.locator("form button").click();
            await page.waitForURL(`${server.url}/`);
        });
    }

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
        await page.getByRole("button", { name: "Sign out", exact: true }).click();
        await page.waitForURL(/login/);
        assert.equal(await page.evaluate(() => "wc.today" in localStorage), false);
    });
});

describe("signing out", () => {
    const button = () => page.getByRole("button", { name: "Sign out", exact: true });
    const settings = async () => {
        await page.evaluate(() => (location.hash = "#/settings"));
        await button().waitFor();
    };

    test("what was just logged goes out first", async () => {
        await open(page, server, "outcome_talked");
        await page.locator("dialog button[type=submit]").click();
        await settings();
        await button().click();
        await page.waitForURL(/login/);
        const paths = server.world.writes.map((w) => w.path);
        assert.ok(paths.indexOf("/api/v1/prompts/5/disposition") >= 0);
        assert.ok(paths.indexOf("/api/v1/prompts/5/disposition") < paths.indexOf("/logout"));
    });

    test("without signal nobody is signed out, and nothing is taken off the phone", async () => {
        await open(page, server, "settings");
        await context.setOffline(true);
        await button().click();
        await page.locator(".toast.warn", { hasText: "still signed in" }).waitFor();
        assert.match(page.url(), /#\/settings/);
        assert.equal(await page.evaluate(() => "wc.today" in localStorage), true);
        assert.equal(writes("/logout").length, 0);
        await context.setOffline(false);
        server.world.answers.set("/logout", { status: 503, body: { status: 503 } });
        await button().click();
        await page.locator(".toast.warn", { hasText: "server had a problem" }).waitFor();
        assert.equal(await page.evaluate(() => "wc.today" in localStorage), true);
    });

    test("what could not be saved is lost only by whoever says so", async () => {
        await open(page, server, "outcome_talked");
        server.world.answers.set("/disposition", { status: 422, body: { status: 422, detail: "This day is a holiday there." } });
        await page.locator("dialog button[type=submit]").click();
        await settle();
        await page.locator(".toast.warn").waitFor();
        await settings();
        await button().click();
        await page.locator("dialog[open]", { hasText: "1 thing you wrote down" }).waitFor();
        await page.getByRole("button", { name: "Stay", exact: true }).click();
        assert.equal(writes("/logout").length, 0);
        await button().click();
        await page.getByRole("button", { name: "Sign out anyway" }).click();
        await page.waitForURL(/login/);
        assert.equal(writes("/logout").length, 1);
        assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("wc."))), []);
    });
});

describe("contacts", () => {
    test("a search finds by name, and what is typed on beats a slow answer", async () => {
        await open(page, server, "contacts");
        await page.locator("input[type=search]").fill("farid");
        await page.locator(".list-people li", { hasText: "Farid Al Amiri" }).waitFor();
        await until(async () => (await page.locator(".list-people li").count()) === 1);
        quiet();
    });

    test("the next page joins the first, and the focus stands on its first person", async () => {
        await open(page, server, "contacts_more");
        server.world.api = people.api({ "/api/v1/contacts": (query) => (query.get("after") === "14" ? { items: [people.contact({ id: 99, name: "Zoë Last" })], next: null } : { items: people.list(), next: "14" }) });
        await page.locator(".more").click();
        await page.locator(".list-people li", { hasText: "Zoë Last" }).waitFor();
        assert.equal(await page.locator(".list-people li").count(), 9);
        await until(() => page.evaluate(() => document.activeElement.textContent.includes("Zoë Last")));
        assert.equal(await page.locator(".more").count(), 0);
    });

    test("what changes elsewhere shows up on the open page of a contact", async () => {
        await open(page, server, "contact");
        await until(() => server.world.streams.size === 1);
        server.world.api = people.api({ "/api/v1/contacts/7": () => people.contact({ topic: "the new kitchen" }) });
        server.push("edited");
        await page.locator(".facts", { hasText: "the new kitchen" }).waitFor();
    });

    test("a change of wishes is sent whole, and nothing is sent that was not asked for", async () => {
        await open(page, server, "contact_edit");
        await page.getByLabel("If you can't find them").fill("ask at the bakery");
        await page.locator(".formfoot .main").click();
        await until(() => writes("/contacts/7").length === 1);
        const { body } = writes("/contacts/7")[0];
        assert.deepEqual(body.preferences, { from: "18:00", to: null, reach: "WhatsApp first", if_lost: "ask at the bakery" });
        assert.equal(body.name, "Ana Pérez");
        assert.ok(!("phone" in body) && !("cadence" in body));
    });

    test("a contact without a name or a number is not sent; a number that is taken leads to whose it is", async () => {
        await open(page, server, "contact_new");
        await page.locator(".formfoot .main").click();
        assert.equal(await page.locator(".field .wrong").count(), 2);
        await until(() => page.evaluate(() => document.activeElement.getAttribute("aria-invalid") === "true"));
        assert.equal(writes("/contacts").length, 0);
        server.world.answers.set("/contacts", { status: 409, body: { status: 409, detail: "Sam has this number.", contact_id: 8 } });
        await page.locator(".form input[type=text]").first().fill("Farid");
        await page.locator(".form input[type=tel]").fill("+971501234567");
        await page.locator(".formfoot .main").click();
        await page.locator(".note", { hasText: "Sam has this number." }).waitFor();
        assert.equal(await page.locator(".note a").getAttribute("href"), "#/contact/8");
        const keys = writes("/contacts").map((w) => w.key);
        assert.match(keys[0], /^[0-9a-f]{32}$/, "a second tap is not a second contact");
    });

    test("a number can be added and changed, and nothing else is sent for it", async () => {
        await open(page, server, "contact_edit");
        server.world.answers.set("/contacts/7", { status: 409, body: { status: 409, detail: "This number belongs to Farid Al Amiri.", contact_id: 8 } });
        await page.locator(".form input[type=tel]").fill("+971 50 123 4567");
        await page.locator(".formfoot .main").click();
        await page.locator(".note", { hasText: "belongs to Farid" }).waitFor();
        assert.equal(await page.locator(".note a").getAttribute("href"), "#/contact/8");
        server.world.answers.clear();
        server.world.api = people.api({ "PATCH /api/v1/contacts/7": people.contact({ phone: "+34611222333" }) });
        await page.locator(".form input[type=tel]").fill("+34 611 222 333");
        await page.locator(".formfoot .main").click();
        await page.locator(".toast", { hasText: "Saved" }).waitFor();
        const { body } = writes("/contacts/7")[1];
        assert.equal(body.phone, "+34 611 222 333");
        assert.ok(!("time_zone" in body), "a zone that follows from the number is not fixed by it");
    });

    test("what they agreed to is not dropped for want of where", async () => {
        await open(page, server, "contact_new");
        await page.locator(".form input[type=text]").first().fill("Farid");
        await page.locator(".form input[type=tel]").fill("+971501234567");
        await page.getByLabel("What they agreed to, in the words they saw").fill("You may write to me.");
        await page.locator(".formfoot .main").click();
        await page.locator(".field .wrong", { hasText: "Where they agreed is missing." }).waitFor();
        assert.equal(writes("/contacts").length, 0);
    });

    test("the day they agreed is the same day everywhere", async () => {
        const { context: west, page: other } = await phone(browser, { zone: "America/Los_Angeles" });
        await open(other, server, "contact");
        assert.match(await other.locator(".facts", { hasText: "sign-up form" }).innerText(), /12 Sept? 2026/);
        await west.close();
    });

    test("nobody is rung who perhaps asked to stop: the rep says first what it was", async () => {
        await open(page, server, "contact_question");
        assert.equal(await page.locator(".contact a[href^='tel:'], .contact .call").count(), 0);
        await page.getByRole("button", { name: "No, carry on" }).click();
        await until(async () => (await page.locator(".contact .answers").count()) === 0);
        await settle();
        await until(() => writes("/21/answer").length === 1);
        assert.deepEqual(writes("/21/answer")[0].body, { stop: false });
    });

    test("with a line, the page of a contact rings like the list does", async () => {
        await open(page, server, "today");
        server.world.today = () => ({ ...states.busy(), bridge: true });
        await page.reload();
        await page.evaluate(() => (location.hash = "#/contact/8"));
        await page.locator(".contact button.call").click();
        await until(() => writes("/1/ring").length === 1);
    });

    test("handing over asks first, and what is not ours any more is not shown any more", async () => {
        await open(page, server, "contact_hand");
        assert.equal(writes("/reassign").length, 0);
        await page.locator("dialog[open] h2", { hasText: "Sam Carter" }).waitFor();
        server.world.api = people.api({ "/api/v1/contacts/7": () => undefined });
        await page.getByRole("button", { name: "Hand over", exact: true }).click();
        await page.getByRole("heading", { name: "No such contact" }).waitFor();
        assert.deepEqual(writes("/reassign")[0].body, { rep: "sam" });
        assert.equal(await page.locator(".focus.contact").count(), 0);
    });

    test("a number reads as its country says it", async () => {
        await open(page, server, "contact");
        for (const [number, spoken] of [["+12125550123", "+1 212 555 0123"], ["+919810012345", "+91 98100 12345"], ["+447911123456", "+44 7911 123456"], ["+4915112345678", "+49 151 123 456 78"], ["+34612345678", "+34 612 345 678"], ["+971501234567", "+971 501 234 567"]]) {
            server.world.api = people.api({ "/api/v1/contacts/7": () => people.contact({ phone: number }) });
            server.push("edited");
            await until(async () => (await page.locator(".contact .identity .meta bdi").innerText()).replace(/\u00a0/g, " ") === spoken);
        }
    });

    test("two records are merged the other way round where only this one is being worked on", async () => {
        await open(page, server, "contact_merge_sure");
        server.world.answers.set("/contacts/7/merge", { status: 409, body: { status: 409, type: "urn:warmcall:problem:merge_the_other_way" } });
        await page.getByRole("button", { name: "Make them one" }).click();
        await page.locator(".toast", { hasText: "one record" }).waitFor();
        const merges = server.world.writes.filter((w) => w.path.endsWith("/merge"));
        assert.deepEqual(merges.map((w) => w.path), ["/api/v1/contacts/7/merge", "/api/v1/contacts/8/merge"]);
        assert.deepEqual(merges[1].body, { into: 7 });
    });

    test("somebody is erased only after it was said what that means, and then their page is left", async () => {
        await open(page, server, "contact_erase");
        await page.locator("dialog", { hasText: "This cannot be undone." }).waitFor();
        assert.equal(writes("/contacts/7").length, 0);
        await page.getByRole("button", { name: "Erase for good" }).click();
        await page.locator(".toast", { hasText: "Erased." }).waitFor();
        assert.equal(writes("/contacts/7").length, 1);
        await until(() => page.url().endsWith("#/contacts"));
    });

    test("what strangers call themselves is shown as text on their page too", async () => {
        await open(page, server, "contact_hostile");
        assert.equal(await page.title(), "warmcall");
        assert.equal(await page.locator("main img, main b, main script").count(), 0);
        quiet();
    });
});

describe("writing to somebody", () => {
    test("a line goes out once, and stays on the screen until the conversation shows it", async () => {
        await open(page, server, "chat");
        await page.locator(".composer textarea").fill("Mucha suerte a Lucía");
        await page.locator(".sendbutton").click();
        await page.locator(".bubble.ours", { hasText: "Mucha suerte" }).waitFor();
        await until(() => writes("/7/messages").length === 1);
        assert.deepEqual(writes("/7/messages")[0].body, { text: "Mucha suerte a Lucía" });
        assert.equal(await page.locator(".composer textarea").inputValue(), "");
        quiet();
    });

    test("what could not be sent is tried again under the same key", async () => {
        await open(page, server, "chat_refused");
        server.world.answers.clear();
        await page.locator(".unsent button").first().click();
        await until(() => writes("/7/messages").length === 2);
        const [first, second] = writes("/7/messages");
        assert.equal(first.key, second.key);
        assert.deepEqual(first.body, second.body);
    });

    test("a text that says the same as an earlier one is on its way like any other", async () => {
        await open(page, server, "chat");
        const talk = people.conversation();
        server.world.api = people.api({ "/api/v1/contacts/7/conversation": () => talk });
        await page.reload();
        await page.locator(".composer").waitFor();
        const again = "Te llamo el jueves a las diez.";
        const bubbles = page.locator(".bubble.ours", { hasText: again });
        assert.equal(await bubbles.count(), 1);
        server.world.answers.set("/messages", { status: 409, body: { title: "No", status: 409, detail: "The 24 hours are over." } });
        await page.locator(".composer textarea").fill(again);
        await page.locator(".sendbutton").click();
        await page.locator(".unsent").waitFor();
        assert.equal(await bubbles.count(), 2);
    });

    test("of two equal texts the one that could not be sent stays when the other is shown", async () => {
        await open(page, server, "chat");
        const words = "Te espero.";
        const send = async () => {
            await page.locator(".composer textarea").fill(words);
            await page.locator(".sendbutton").click();
        };
        await send();
        await until(() => writes("/7/messages").length === 1);
        server.world.answers.set("/messages", { status: 409, body: { title: "No", status: 409, detail: "The 24 hours are over." } });
        await send();
        await page.locator(".bubble.failed").waitFor();
        const { items } = people.conversation();
        server.world.api = people.api({ "/api/v1/contacts/7/conversation": () => people.conversation({ items: [{ at: at(0), from_contact: false, text: words, kind: "conversation", status: "sent" }, ...items] }) });
        server.push("wrote");
        const bubbles = page.locator(".bubble.ours", { hasText: words });
        await until(async () => (await bubbles.count()) === 2);
        await settle();
        assert.equal(await bubbles.count(), 2);
        assert.equal(await page.locator(".bubble.failed").count(), 1);
    });

    test("what could not be sent survives the page, and leaves the screen when the conversation shows it", async () => {
        await open(page, server, "chat_refused");
        await page.reload();
        const unsent = page.locator(".bubble.failed");
        await unsent.waitFor();
        assert.match(await unsent.innerText(), /sigues ahí[\s\S]*24 hours are over/);
        const { items } = people.conversation();
        server.world.api = people.api({ "/api/v1/contacts/7/conversation": () => people.conversation({ items: [{ at: at(0), from_contact: false, text: "Hola, ¿sigues ahí?", kind: "conversation", status: "sent" }, ...items] }) });
        server.push("wrote");
        await until(async () => (await unsent.count()) === 0);
        assert.equal(await page.locator(".bubble.ours", { hasText: "sigues" }).count(), 1);
        await until(() => page.evaluate(() => !("wc.unsent.7" in localStorage)));
    });

    test("where the gate says no there is no field to type into, but the reason", async () => {
        await open(page, server, "chat_closed");
        assert.equal(await page.locator("textarea").count(), 0);
        assert.match(await page.locator(".whynot").innerText(), /24 hours/);
    });

    test("half a sentence survives the page, and does not survive signing out", async () => {
        await open(page, server, "chat");
        await page.locator(".composer textarea").fill("half a sen");
        await page.reload();
        await until(async () => (await page.locator(".composer textarea").inputValue()) === "half a sen");
        await page.evaluate(() => (location.hash = "#/settings"));
        await page.getByRole("button", { name: "Sign out", exact: true }).click();
        await page.waitForURL(/login/);
        assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("wc."))), []);
    });
});

describe("a call over the provider's line", () => {
    const ended = (line) => () => {
        const today = states.busy();
        Object.assign(today.unlogged[0], { line });
        return { ...today, bridge: true };
    };
    const sheet = async (line) => {
        server.world.answers.clear();
        await open(page, server, "today");
        server.world.today = ended(line);
        await page.reload();
        await page.evaluate(() => (location.hash = "#/focus/5"));
        await page.locator(".dock button.main").click();
        await page.locator("dialog[open]").waitFor();
        return page.locator("dialog input[name=outcome]:checked").evaluateAll((all) => all.map((input) => input.value));
    };

    test("how it ended is chosen already, a talk only when it was long enough to be one", async () => {
        assert.deepEqual(await sheet({ state: "no_answer", seconds: 0 }), ["no_answer"]);
        assert.deepEqual(await sheet({ state: "busy", seconds: 0 }), ["busy"]);
        assert.deepEqual(await sheet({ state: "completed", seconds: 75 }), ["talked"]);
        assert.deepEqual(await sheet({ state: "completed", seconds: 6 }), [], "a voice box, perhaps");
        assert.deepEqual(await sheet(null), []);
        quiet();
    });

    test("it is logged with one more tap, or corrected first", async () => {
        await sheet({ state: "no_answer", seconds: 0 });
        await page.locator("dialog button[type=submit]").first().click();
        await settle();
        await until(() => writes("/disposition").length === 1);
        assert.equal(writes("/disposition")[0].body.reached, "no_answer");
        assert.ok(writes("/disposition")[0].body.next_at, "with the next action that is proposed");
        quiet();
    });
});

describe("an import", () => {
    const imports = () => server.world.writes.filter((w) => w.path.endsWith("/import"));

    test("nothing is saved before it was looked at and checked; then the good rows are", async () => {
        await open(page, server, "import_columns");
        assert.deepEqual(await page.locator(".columns select").evaluateAll((all) => all.map((s) => s.value)), ["name", "phone", "topic", ""]);
        assert.equal(imports().length, 0);
        await page.locator(".formfoot .main").click();
        await page.locator(".verdict").waitFor();
        assert.equal(imports().length, 1);
        assert.equal(imports()[0].body.split("\r\n")[0], "name,phone,topic");
        assert.match(await page.locator(".rejects").innerText(), /Farid Al Amiri\s+This number is a contact already/);
        await page.locator(".formfoot .main").click();
        await page.getByRole("heading", { name: "3 contacts are in" }).waitFor();
        assert.equal(imports().length, 2);
        assert.equal(imports()[0].body, imports()[1].body, "what was checked is what is brought in");
        quiet();
    });

    test("every reason why a row was not taken is told in the rep's language", async () => {
        for (const language of ["en", "hi", "ar"]) {
            await open(page, server, "import_rejects", language);
            const told = await page.locator(".rejects .meta").allInnerTexts();
            assert.equal(new Set(told).size, people.whyRejected.length, `${language}: a sentence each`);
            const letters = { en: /[a-z]{3}/, hi: /\p{Script=Devanagari}{3}/u, ar: /\p{Script=Arabic}{3}/u }[language];
            for (const one of told) assert.match(one, letters);
            assert.ok(!told.includes("in English only"));
            assert.match(told[people.whyRejected.indexOf("phone_twice")], /[1١१]/);
            assert.doesNotMatch(told.join(), /[{}]|undefined/);
        }
        quiet();
    });

    test("a file of a phone's contacts is read as it is", async () => {
        await open(page, server, "import");
        const cards = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Pérez;Ana;;;\r\nFN:Ana Pérez\r\nTEL;TYPE=HOME:+34 911\r\nTEL;TYPE=CELL:+34 612 345 678\r\nEND:VCARD\r\n";
        await page.locator("input[type=file]").setInputFiles({ name: "contacts.vcf", mimeType: "text/vcard", buffer: Buffer.from(cards) });
        await page.locator(".columns").waitFor();
        assert.match(await page.locator(".samples").nth(1).innerText(), /612 345 678/);
    });

    test("a spreadsheet's own format is turned away with what to do", async () => {
        await open(page, server, "import");
        await page.locator("input[type=file]").setInputFiles({ name: "c.xlsx", mimeType: "application/zip", buffer: Buffer.from("PK\u0003\u0004") });
        await page.locator(".note", { hasText: "Save it there as CSV" }).waitFor();
    });
});

describe("looking back", () => {
    test("each picture has its sentence and its numbers as a table", async () => {
        await open(page, server, "insights_tables");
        assert.equal(await page.locator(".picture").count(), 6);
        assert.equal(await page.locator(".picture table").count(), 6);
        assert.match(await page.locator(".pictures").innerText(), /After a reply .73%. pick up, without one .32%./);
        quiet();
    });

    test("with too little to tell, nothing is told", async () => {
        await open(page, server, "insights_few");
        assert.equal(await page.locator(".toolittle").count(), 5);
        assert.doesNotMatch(await page.locator(".pictures").innerText(), /%/);
    });
});

describe("the phone itself", () => {
    test("“I'm away” takes one tap, and so does coming back", async () => {
        await open(page, server, "settings");
        await page.getByRole("button", { name: "Until Monday" }).click();
        await until(() => writes("/joel/away").length === 1);
        const monday = new Date(writes("/joel/away")[0].body.until);
        assert.equal(monday.getUTCDay(), 1);
        await open(page, server, "settings_away");
        await page.getByRole("button", { name: "I'm back" }).click();
        await until(() => writes("/joel/away").length === 2);
        assert.deepEqual(writes("/joel/away")[1].body, { until: null });
    });

    test("another phone can be signed out from here, this one not by mistake", async () => {
        await open(page, server, "settings");
        const signedIn = page.locator("section", { has: page.getByRole("heading", { name: "Where you are signed in" }) });
        assert.equal(await signedIn.locator(".devices button").count(), 1);
        await signedIn.locator(".devices button").click();
        await until(() => writes("/sessions/b2").length === 1);
    });

    test("a second notification about somebody is heard like the first, unless it is to be silent", async () => {
        const told = [];
        const listeners = {};
        const worker = {
            addEventListener: (type, listener) => (listeners[type] = listener),
            registration: { showNotification: async (title, options) => void told.push({ title, ...options }) },
            clients: { matchAll: async () => [] },
        };
        runInNewContext(readFileSync(join(folder, "sw.js"), "utf8"), { self: worker });
        for (const silent of [false, true]) {
            let shown;
            listeners.push({ data: { text: () => JSON.stringify({ notification: { title: "Ana replied", tag: "p7", silent } }) }, waitUntil: (work) => (shown = work) });
            await shown;
        }
        assert.deepEqual(told.map(({ tag, silent, renotify }) => [tag, silent, renotify]), [["p7", false, true], ["p7", true, false]]);
    });

    test("the browser finds nothing that keeps the app from being installed", async () => {
        const { context: own, page: app } = await phone(browser, { workers: "allow" });
        await app.goto(server.url);
        await app.locator(".card").first().waitFor();
        const session = await own.newCDPSession(app);
        const { errors, manifest } = await session.send("Page.getAppManifest").then((m) => ({ errors: m.errors, manifest: JSON.parse(m.data) }));
        assert.deepEqual(errors, []);
        assert.equal(manifest.display, "standalone");
        for (const icon of manifest.icons) assert.equal((await fetch(server.url + icon.src)).status, 200, icon.src);
        const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
        // a window without a profile can install nothing; that is the test's, not the app's
        assert.deepEqual(installabilityErrors.map((e) => e.errorId).filter((id) => id !== "in-incognito"), []);
        await own.close();
    });

    test("a screen that does not load says so, and the list is still there", async () => {
        await open(page, server, "today");
        await context.setOffline(true);
        await page.evaluate(() => (location.hash = "#/insights"));
        await page.getByRole("heading", { name: "This page did not load" }).waitFor();
        await page.evaluate(() => (location.hash = "#/"));
        await page.locator(".card").first().waitFor();
    });
});

describe("a language that is read from the right", () => {
    // A number's groups change places when nothing says that it is read from the left.
    test("an example of a number stands in its own order", async () => {
        await open(page, server, "contact_new", "ar");
        const hint = page.locator(".hint", { hasText: "971" }).first();
        const places = await hint.evaluate((element) => {
            const text = [...element.childNodes].find((node) => node.nodeType === 3 && node.data.includes("971")) ?? element.firstChild;
            const left = (part) => {
                const range = document.createRange();
                const from = text.data.indexOf(part);
                range.setStart(text, from);
                range.setEnd(text, from + part.length);
                return range.getBoundingClientRect().left;
            };
            return ["971", "50", "123", "4567"].map(left);
        });
        assert.deepEqual(places, [...places].sort((a, b) => a - b));
        quiet();
    });
});

describe("the rep's choices", () => {
    test("a language chosen in another tab holds here too, without a reload", async () => {
        await open(page, server, "settings");
        await inLanguage(page, "hi");
        assert.equal(await page.locator("h1").innerText(), "सेटिंग");
        quiet();
    });

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
