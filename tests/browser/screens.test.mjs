// Every state x language x theme x width: readable by everybody, nothing off the side, no focus hidden, every target big enough, a silent console.
// WARMCALL_SCREENS=all walks the full matrix; by default each screen is seen in every language, theme and width at least once.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dist, launch, overflow, packages, phone, root, violations } from "./support/console.mjs";
import { open, screens } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";

let browser, server;
before(async () => {
    server = await startServer(dist(), () => ({}));
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await server?.stop();
});

const languages = ["en", "hi", "ar"];
const themes = ["light", "dark"];
const widths = [320, 390, 768, 1280];
const full = languages.flatMap((language) => themes.flatMap((theme) => widths.map((width) => ({ language, theme, width }))));
// a Latin square: four visits show each screen in all widths, all languages and both themes
const sample = widths.map((width, n) => ({ width, language: languages[n % 3], theme: themes[(n + (n > 1 ? 1 : 0)) % 2] }));
const visits = process.env.WARMCALL_SCREENS === "all" ? full : sample;

const smallTargets = (page) =>
    page.evaluate(() =>
        [...document.querySelectorAll("a[href], button, input, summary")]
            .filter((e) => e.checkVisibility() && !e.closest(".skiplink"))
            .map((e) => ({ e, box: e.getBoundingClientRect() }))
            .filter(({ box }) => box.width < 24 || box.height < 24)
            .map(({ e, box }) => `${e.tagName}.${e.className} ${box.width}x${box.height}`),
    );

// Walks through the page with Tab: whatever has the focus can be seen, at least in part, at its middle.
async function hiddenFocus(page) {
    const hidden = [];
    const seen = new Set();
    for (let n = 0; n < 60; n++) {
        await page.keyboard.press("Tab");
        const now = await page.evaluate(() => {
            const e = document.activeElement;
            if (e === null || e === document.body) return null;
            e.dataset.focusNumber ??= String(document.querySelectorAll("[data-focus-number]").length);
            const box = (e.matches(".choice input") ? e.parentElement : e).getBoundingClientRect();
            const points = [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.15], [0.5, 0.85]];
            const shown = points.some(([x, y]) => {
                const top = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
                return top !== null && (e.contains(top) || top.contains(e) || e.parentElement.contains(top)) && top !== document.documentElement;
            });
            return { number: e.dataset.focusNumber, what: `${e.tagName}.${e.className} ${e.textContent.slice(0, 20)} at ${Math.round(box.top)}`, shown };
        });
        if (now === null || seen.has(now.number)) break;
        seen.add(now.number);
        if (!now.shown) hidden.push(now.what);
    }
    return { hidden, visited: seen.size };
}

for (const screen of Object.keys(screens)) {
    test(`${screen} is fit for everybody`, async () => {
        for (const { language, theme, width } of visits) {
            const where = `${screen} ${language} ${theme} ${width}`;
            const { context, page, complaints } = await phone(browser, { language, theme, width, height: width < 700 ? 740 : 900 });
            await open(page, server, screen);
            assert.deepEqual(await overflow(page), [], `${where}: nothing runs off the side`);
            assert.deepEqual(await violations(page), [], `${where}: axe`);
            assert.deepEqual(await smallTargets(page), [], `${where}: targets of at least 24 px`);
            const focus = await hiddenFocus(page);
            assert.deepEqual(focus.hidden, [], `${where}: focus is never hidden`);
            assert.ok(focus.visited > 0, `${where}: the keyboard reaches something`);
            const expected = /status of (401|500)|ERR_INTERNET_DISCONNECTED/;   // the browser's own note of an answer the state is about
            assert.deepEqual(complaints.filter((c) => !expected.test(c)), [], `${where}: a quiet console`);
            await context.close();
        }
    });
}

test("the console's source keeps its types", () => {
    const modules = packages();
    execFileSync(process.execPath, [join(modules, "typescript/bin/tsc"), "--noEmit", "-p", join(root, "bot/console/tsconfig.json"), "--typeRoots", modules, "--baseUrl", modules, "--paths", "null"], { stdio: "pipe" });
});
