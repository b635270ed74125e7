// Every state x language x theme x width: readable by everybody, nothing off the side, no focus hidden, every target big enough, a silent console.
// WARMCALL_SCREENS=all walks the full matrix; by default each screen is seen in every language, theme and width at least once.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
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
    return { "hidden focus": hidden, visited: seen.size };
}

// what the browser itself notes about an answer that the state is made of
const expected = /status of (401|500|503)|ERR_INTERNET_DISCONNECTED/;

for (const [n, { language, theme, width }] of visits.entries()) {
    describe(`${language}, ${theme}, ${width} px`, () => {
        let view;
        before(async () => (view = await phone(browser, { language, theme, width, height: width < 700 ? 740 : 900 })));
        after(() => view?.context.close());
        for (const screen of Object.keys(screens)) {
            test(`${screen} is fit for everybody`, async () => {
                const { page, complaints } = view;
                complaints.length = 0;
                await open(page, server, screen);
                const found = {
                    "off the side": await overflow(page),
                    axe: await violations(page),
                    "targets under 24 px": await smallTargets(page),
                    ...(await hiddenFocus(page)),
                    complaints: complaints.filter((c) => !expected.test(c)),
                };
                const { visited, ...bad } = found;
                assert.deepEqual(Object.fromEntries(Object.entries(bad).filter(([, list]) => list.length > 0)), {}, `visit ${n}`);
                assert.ok(visited > 0, "the keyboard reaches something");
            });
        }
    });
}

test("the console's source keeps its types", () => {
    const modules = packages();
    // the sources are not beside their packages: a configuration of our own says where to look
    mkdirSync(join(root, "build/browser"), { recursive: true });
    const config = join(root, "build/browser/tsconfig.json");
    writeFileSync(config, JSON.stringify({ extends: join(root, "bot/console/tsconfig.json"), compilerOptions: { paths: { "preact": [join(modules, "preact")], "preact/*": [join(modules, "preact/*")] } }, include: [join(root, "bot/console/src")] }));
    execFileSync(process.execPath, [join(modules, "typescript/bin/tsc"), "-p", config], { stdio: "inherit" });
});
