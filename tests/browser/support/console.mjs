// The built console and a browser to look at it with. WARMCALL_CONSOLE_DIST names a build that exists (CMake's build/…/console/dist);
// without it the console is built here, into build/browser.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, copyFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const source = join(root, "bot/console");

// npm's packages of the console, in the build folder: the source tree stays clean. Test files run side by side, so one fetches and the others wait.
export function packages() {
    if (process.env.WARMCALL_CONSOLE_DIST) return join(process.env.WARMCALL_CONSOLE_DIST, "../node_modules");
    const folder = join(root, "build/browser/console");
    const stamp = join(folder, "packages.stamp");
    const lock = join(source, "package-lock.json");
    const fresh = () => existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(lock).mtimeMs;
    mkdirSync(folder, { recursive: true });
    for (let tries = 0; !fresh(); tries++) {
        try {
            mkdirSync(join(folder, "fetching"));
        } catch (error) {
            if (error.code !== "EEXIST" || tries > 1200) throw error;
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
            continue;
        }
        try {
            for (const name of ["package.json", "package-lock.json"]) copyFileSync(join(source, name), join(folder, name));
            execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
            writeFileSync(stamp, "");
        } finally {
            rmSync(join(folder, "fetching"), { recursive: true });
        }
    }
    return join(folder, "node_modules");
}

export function dist() {
    if (process.env.WARMCALL_CONSOLE_DIST) return process.env.WARMCALL_CONSOLE_DIST;
    const out = join(root, "build/browser", String(process.pid));
    execFileSync(process.execPath, [join(source, "build.mjs"), "--out", out, "--modules", packages()], { stdio: "inherit" });
    process.once("exit", () => rmSync(out, { recursive: true, force: true }));
    return join(out, "dist");
}

export function launch() {
    return chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
}

// Chromium fetches a tab's icon through the document that stands there by then; when that is already about:blank, it refuses itself
// (Local Network Access), in the name of a page that is gone.
const isOfIconTooLate = (message) =>
    (message.location().url === "about:blank" && message.text().includes("/icon.svg' from origin 'null'")) ||
    (message.text() === "Failed to load resource: net::ERR_FAILED" && message.location().url.endsWith("/icon.svg"));

// A fresh phone. Everything the page complains about is collected: a quiet console is part of every test.
export async function phone(browser, options = {}) {
    const { width = 390, height = 844, language = "en", theme = "light", zone = "Europe/Berlin", workers = "block", ...rest } = options;
    const context = await browser.newContext({
        viewport: { width, height },
        locale: { en: "en-GB", hi: "hi-IN", ar: "ar-AE" }[language],
        colorScheme: theme,
        timezoneId: zone,
        serviceWorkers: workers,
        reducedMotion: "reduce",
        ...rest,
    });
    const page = await context.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
        if (!["error", "warning"].includes(message.type()) || message.text().includes("blocked by Playwright") || isOfIconTooLate(message)) return;
        complaints.push(message.text());
    });
    return { context, page, complaints };
}

// The language as another tab would change it: the page follows without being loaded anew.
export async function inLanguage(page, language) {
    await page.evaluate((chosen) => {
        localStorage.setItem("wc.language", chosen);
        dispatchEvent(new StorageEvent("storage", { key: "wc.language" }));
    }, language);
    await page.waitForFunction((chosen) => document.documentElement.lang === chosen && document.querySelector(".app")?.dataset.words === chosen, language);
}

// axe through the debugger: the page's own strict policy stays in force.
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const everything = { runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] } };
const colours = ["color-contrast", "link-in-text-block"];
export const ofPlaces = { runOnly: { type: "rule", values: ["target-size", "scrollable-region-focusable"] } };
export const ofColours = { runOnly: { type: "rule", values: colours } };
export const notOfColours = { ...everything, rules: Object.fromEntries(colours.map((rule) => [rule, { enabled: false }])) };
const sessions = new WeakMap();
export async function violations(page, rules = everything) {
    if (!sessions.has(page)) sessions.set(page, await page.context().newCDPSession(page));
    const session = sessions.get(page);
    const wanted = JSON.stringify({ resultTypes: ["violations"], preload: false, ...rules });
    const ask = () =>
        session.send("Runtime.evaluate", {
            expression: `typeof axe === "object" && axe.run(document, ${wanted}).then(r => JSON.stringify(r.violations.map(v => v.id + ": " + v.nodes.map(n => n.target + " " + (n.any[0]?.message ?? "")).join(" | "))))`,
            awaitPromise: true,
            returnByValue: true,
        });
    let said = await ask();
    if (said.result.value === false) {
        await session.send("Runtime.evaluate", { expression: axe + ";0" });
        said = await ask();
    }
    if (said.exceptionDetails) throw new Error(said.exceptionDetails.exception?.description ?? said.exceptionDetails.text);
    return JSON.parse(said.result.value);
}

// In the page: what hangs off its side.
function tooWide() {
    const wide = document.documentElement.clientWidth;
    const over = [...document.querySelectorAll("body *")].filter((e) => {
        const box = e.getBoundingClientRect();
        return box.width > 0 && (box.right > wide + 1 || box.left < -1) && getComputedStyle(e).clipPath === "none" && !e.closest(".words, .hidden, .skiplink");
    });
    return [...(document.documentElement.scrollWidth > wide ? [`page is ${document.documentElement.scrollWidth} wide in ${wide}`] : []), ...over.slice(0, 5).map((e) => `${e.tagName}.${e.className}`)];
}
export const overflow = (page) => page.evaluate(tooWide);
