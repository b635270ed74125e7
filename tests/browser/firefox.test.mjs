// The console in Debian's Firefox ESR, over WebDriver BiDi: what a rep does most, and the pages that Chromium has been through already, with a
// silent console, in the language that runs the other way too.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, afterEach, before, beforeEach, test } from "node:test";
import puppeteer from "puppeteer-core";
import { dist } from "./support/console.mjs";
import * as people from "./support/people.mjs";
import { startServer } from "./support/server.mjs";
import { states } from "./support/world.mjs";

const firefox = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
const skip = existsSync(firefox) ? false : `${firefox} is not installed: scripts/setup --tests`;
const patience_ms = 60_000;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let browser, server, page, complaints;

before(async () => {
    if (skip) return;
    server = await startServer(dist(), states.busy);
    server.world.api = people.api();
    browser = await puppeteer.launch({
        browser: "firefox",
        protocol: "webDriverBiDi",
        executablePath: firefox,
        headless: true,
        protocolTimeout: 120_000,
        timeout: 120_000,
        // nothing of the outside: no updates, no studies, no captive-portal probe
        extraPrefsFirefox: { "intl.accept_languages": "en-GB", "app.update.enabled": false, "network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false, "dom.min_background_timeout_value": 4 },
    });
});
after(async () => {
    await browser?.close();
    await server?.stop();
});
beforeEach(async () => {
    if (skip) return;
    page = await browser.newPage();
    page.setDefaultTimeout(patience_ms);
    await page.setViewport({ width: 390, height: 780 }).catch((problem) => {
        // Debian 12's first ESR 140 takes the size and does not know the orientation that puppeteer sends along
        if (!String(problem).includes("unknown command emulation.setScreenOrientationOverride")) throw problem;
    });
    await until(() => page.evaluate(() => innerWidth === 390), "a phone's width");
    complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => ["error", "warn"].includes(message.type()) && complaints.push(message.text()));
    server.world.writes.length = 0;
    await page.goto(server.url);
    await page.evaluate(() => localStorage.clear());
    await page.reload();
    await page.waitForSelector(".card");
});
afterEach(() => page?.close());

const go = async (hash, selector) => {
    await page.evaluate((to) => (location.hash = to), hash);
    await page.waitForSelector(selector);
};
const click = (selector) => page.waitForSelector(selector).then((found) => found.click());
// Not the driver's own waitForFunction: in ESR 140 it makes a Function, which the page's strict policy forbids.
async function until(what, words) {
    for (const end = Date.now() + patience_ms; Date.now() < end; ) {
        if (await what()) return;
        await new Promise((turn) => setTimeout(turn, 25));
    }
    assert.fail(words);
}

test("in Firefox, too, two taps log a call", { skip }, async () => {
    await page.evaluate(() => addEventListener("click", (e) => e.target.closest?.("a[href^='tel:']") && e.preventDefault()));
    await click(".card a[href^='tel:']");
    const look = () =>
        page.evaluate(() => {
            for (const hidden of [true, false]) {
                Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
                document.dispatchEvent(new Event("visibilitychange"));
            }
        });
    await look();
    await click("dialog[open] input[value=no_answer]"); // one
    await click("dialog[open] button[type=submit]"); // two
    await look();
    await until(() => server.world.writes.some((w) => w.path.endsWith("/1/disposition")), "the call was not logged");
    const logged = server.world.writes.find((w) => w.path.endsWith("/1/disposition"));
    assert.equal(logged.body.reached, "no_answer");
    assert.ok(Date.parse(logged.body.next_at) > Date.now());
    assert.deepEqual(complaints, []);
});

test("in Firefox a reply appears by itself, over the live stream", { skip }, async () => {
    await until(() => server.world.streams.size >= 1, "no stream was opened");
    server.world.today = states.one;
    server.push();
    await until(() => page.evaluate(() => document.querySelectorAll(".card").length === 1 && document.querySelector(".card").textContent.includes("Ana Pérez")), "the list has one card, Ana's");
    server.world.today = states.busy;
    assert.deepEqual(complaints, []);
});

test("in Firefox every screen is readable by everybody and nothing hangs off its side, in English and in Arabic", { skip }, async () => {
    const screens = { "#/": ".card", "#/focus/1": ".focus", "#/contacts": ".list-people", "#/contact/7": ".facts", "#/contact/7/chat": ".composer", "#/contact/7/edit": ".form select", "#/import": ".drop", "#/insights": ".pictures", "#/settings": ".devices li" };
    const bad = {};
    for (const language of ["en", "ar"]) {
        await page.evaluate((chosen) => {
            localStorage.setItem("wc.language", chosen);
            dispatchEvent(new StorageEvent("storage", { key: "wc.language" }));
        }, language);
        await until(() => page.evaluate((chosen) => document.querySelector(".app")?.dataset.words === chosen, language), language);
        for (const [hash, selector] of Object.entries(screens)) {
            await go(hash, selector);
            const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
            if (wide > 0) bad[`${language} ${hash}`] = [`${wide} px too wide`];
            // evaluated by the driver, not loaded by the page: its strict policy stays in force
            const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }).then((r) => r.violations.map((v) => v.id + " " + v.nodes.map((n) => n.target).join(" ")))`);
            if (found.length > 0) (bad[`${language} ${hash}`] ??= []).push(...found);
        }
    }
    assert.deepEqual(bad, {});
    assert.deepEqual(complaints, []);
});

test("in Firefox what was logged without an answer from the server is kept, and sent once", { skip }, async () => {
    server.world.answers.set("/snooze", { status: 503, body: { title: "busy", status: 503 } });
    await click(".card button.round");
    await click("dialog[open] .stack button");
    await page.evaluate(() => {
        Object.defineProperty(document, "hidden", { value: true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    });
    await until(() => server.world.writes.some((w) => w.path.endsWith("/snooze")), "it was never tried");
    assert.ok(await page.evaluate(() => localStorage.getItem("wc.outbox") !== null));
    server.world.answers.clear();
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await until(() => page.evaluate(() => localStorage.getItem("wc.outbox") === null), "nothing is kept any more");
    const keys = new Set(server.world.writes.filter((w) => w.path.endsWith("/snooze")).map((w) => w.key));
    assert.equal(keys.size, 1, "always under the same key");
});
