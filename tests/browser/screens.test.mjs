// Every state x language x theme x width: readable by everybody, nothing off the side, no focus hidden, every target big enough, a silent console.
// A state is reached once; language, theme and width then change in place, as they do for a rep. Each of the 24 combinations is compared with those
// before it: axe's rules on colours read every page whose colours or sizes of letters are new, those on places every one where anything stands
// elsewhere, its other rules every page with anything new to read.
// A theme may change colours only: that, too, is looked at.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { dist, inLanguage, launch, notOfColours, ofColours, ofPlaces, overflow, packages, phone, root, violations } from "./support/console.mjs";
import { open, screens } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";
import { fixTime, monday } from "./support/world.mjs";

fixTime(monday);

const languages = ["en", "hi", "ar"];
const widths = [320, 390, 768, 1280];
const lanes = 2;

// In the page: until it has been drawn once more.
const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())));

// In the page: targets under 24 px, and whatever cannot be seen once it has the focus.
function touchAndFocus() {
    const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")].filter((e) => e.checkVisibility() && !e.closest(".skiplink"));
    const name = (e) => `${e.tagName}.${e.className} ${e.textContent.slice(0, 20)}`;
    const small = all
        .filter((e) => e.matches("a, button, summary, select, textarea, input"))
        .map((e) => ({ e, box: e.getBoundingClientRect() }))
        .filter(({ box }) => box.width < 24 || box.height < 24)
        .map(({ e, box }) => `${name(e)} ${Math.round(box.width)}x${Math.round(box.height)}`);
    const hidden = [];
    let visited = 0;
    const before = document.activeElement;
    for (const e of all) {
        if (e.disabled) continue;
        e.focus();
        if (document.activeElement !== e) continue; // behind a dialog
        visited += 1;
        const shown = (e.matches(".choice input, .drop input") ? e.parentElement : e).getBoundingClientRect();
        const points = [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.15], [0.5, 0.85]];
        const seen = points.some(([x, y]) => {
            const top = document.elementFromPoint(shown.left + shown.width * x, shown.top + shown.height * y);
            return top !== null && (e.contains(top) || top.contains(e) || e.parentElement.contains(top)) && top !== document.documentElement && top !== document.body;
        });
        if (!seen) hidden.push(`${name(e)} at ${Math.round(shown.top)}`);
    }
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    return { small, hidden, visited };
}

// In the page, as text: where everything is; what there is to read (elements, attributes, words, whether they show); and its colours with the size of the letters.
function face() {
    const places = [];
    const words = [];
    const colours = [];
    for (const e of document.querySelectorAll("html, body, body *")) {
        const shown = e.checkVisibility({ opacityProperty: true, visibilityProperty: true });
        const letters = [...e.childNodes].filter((each) => each.nodeType === Node.TEXT_NODE).map((each) => each.data);
        const style = getComputedStyle(e);
        places.push(Object.values(e.getBoundingClientRect().toJSON()).map(Math.round).join(" "));
        words.push(shown, e.cloneNode(false).outerHTML, e.value ?? "", ...letters);
        if (shown) colours.push(e.tagName, letters.length > 0, style.color, style.backgroundColor, style.backgroundImage, style.opacity, style.fontSize, style.fontWeight, style.textDecorationLine);
    }
    return { places: places.join(), words: words.join(), colours: colours.join() };
}

// what the browser itself notes about an answer that the state is made of
const expected = /status of (401|404|409|500|503)|ERR_INTERNET_DISCONNECTED/;

async function look({ page, complaints }, server, screen) {
    const bad = {};
    const note = (where, what, list) => {
        if (list.length > 0) (bad[`${where}: ${what}`] ??= []).push(...list);
    };
    const known = new Set();
    const axe = async (where) => {
        const now = await page.evaluate(face);
        if (!known.has(now.words)) note(where, "axe", await violations(page, notOfColours));
        else if (!known.has(now.places)) note(where, "axe", await violations(page, ofPlaces));
        if (!known.has(now.colours)) note(where, "axe", await violations(page, ofColours));
        known.add(now.words).add(now.places).add(now.colours);
        return now;
    };
    complaints.length = 0;
    await page.setViewportSize({ width: 390, height: 740 });
    await page.emulateMedia({ colorScheme: "light" });
    await open(page, server, screen);
    for (const language of languages) {
        if (screens[screen].anew) await open(page, server, screen, language);
        else await inLanguage(page, language);
        for (const width of widths) {
            await page.setViewportSize({ width, height: width < 700 ? 740 : 900 });
            await page.evaluate(drawn); // a wide page has other panes, and they are there a frame later
            const here = `${language} ${width}`;
            note(here, "off the side", await overflow(page));
            const { small, hidden, visited } = await page.evaluate(touchAndFocus);
            note(here, "targets under 24 px", small);
            note(here, "hidden focus", hidden);
            if (visited === 0) note(here, "the keyboard reaches", ["nothing"]);
            const light = await axe(`${here} light`);
            await page.emulateMedia({ colorScheme: "dark" });
            const dark = await axe(`${here} dark`);
            await page.emulateMedia({ colorScheme: "light" });
            // twice, because the page may have been told something meanwhile
            if (dark.places !== light.places && dark.places !== (await page.evaluate(face)).places) note(here, "moves", ["when it turns dark"]);
        }
    }
    note("any", "complaints", complaints.filter((each) => !expected.test(each)));
    assert.deepEqual(bad, {});
}

describe("every screen is fit for everybody", { concurrency: lanes }, () => {
    for (let lane = 0; lane < lanes; lane++) {
        describe(`lane ${lane + 1}`, { concurrency: 1 }, () => {
            let browser, server, view;
            before(async () => {
                server = await startServer(dist(), () => ({}));
                browser = await launch();
                view = await phone(browser, { height: 740 });
                await view.page.clock.setFixedTime(monday);
            });
            after(async () => {
                await browser?.close();
                await server?.stop();
            });
            Object.keys(screens)
                .filter((_, n) => n % lanes === lane)
                .forEach((screen) => test(screen, () => look(view, server, screen)));
        });
    }
});

describe("with the keyboard alone", () => {
    let browser, server, view;
    before(async () => {
        server = await startServer(dist(), () => ({}));
        browser = await launch();
        view = await phone(browser, { height: 740 });
    });
    after(async () => {
        await browser?.close();
        await server?.stop();
    });
    for (const screen of ["today", "outcome_talked", "contact", "contact_new", "import_columns", "settings"]) {
        test(`Tab walks through ${screen} and what has the focus is never covered`, async () => {
            const { page } = view;
            await open(page, server, screen);
            const covered = [];
            const seen = new Set();
            for (let n = 0; n < 80; n++) {
                await page.keyboard.press("Tab");
                const now = await page.evaluate(() => {
                    const e = document.activeElement;
                    if (e === null || e === document.body) return null;
                    e.dataset.focusNumber ??= String(document.querySelectorAll("[data-focus-number]").length);
                    const box = (e.matches(".choice input, .drop input") ? e.parentElement : e).getBoundingClientRect();
                    const top = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height / 2, 20));
                    return { number: e.dataset.focusNumber, what: `${e.tagName}.${e.className} ${e.textContent.slice(0, 20)}`, shown: top !== null && (e.contains(top) || top.contains(e) || e.parentElement.contains(top)) };
                });
                if (now === null || seen.has(now.number)) break;
                seen.add(now.number);
                if (!now.shown) covered.push(now.what);
            }
            assert.deepEqual(covered, []);
            assert.ok(seen.size > 4, `only ${seen.size} stops`);
        });
    }
});

test("the console's source keeps its types", () => {
    const modules = packages();
    // the sources are not beside their packages: a configuration of our own says where to look
    mkdirSync(join(root, "build/browser"), { recursive: true });
    const config = join(root, "build/browser/tsconfig.json");
    writeFileSync(config, JSON.stringify({ extends: join(root, "bot/console/tsconfig.json"), compilerOptions: { paths: { "preact": [join(modules, "preact")], "preact/*": [join(modules, "preact/*")] } }, include: [join(root, "bot/console/src")] }));
    execFileSync(process.execPath, [join(modules, "typescript/bin/tsc"), "-p", config], { stdio: "inherit" });
});
