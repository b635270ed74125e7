// Pictures of every screen x theme x language x width: node tests/browser/screenshots.mjs [--only today,focus] [--quick]
// --readme makes the README's own picture, bot/console/screens.png, out of four of them.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { dist, launch, phone, root } from "./support/console.mjs";
import { open, screens } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";
import { fixTime, monday } from "./support/world.mjs";

fixTime(monday);

const { values } = parseArgs({ options: { only: { type: "string" }, quick: { type: "boolean" }, readme: { type: "boolean" }, languages: { type: "string" }, themes: { type: "string" }, widths: { type: "string" } } });
const list = (text, all) => (text ? text.split(",") : all);
const languages = list(values.languages, values.quick ? ["en"] : ["en", "hi", "ar"]);
const themes = list(values.themes, ["light", "dark"]);
const widths = list(values.widths, values.quick ? ["390"] : ["320", "390", "768", "1280"]).map(Number);
const out = join(root, "build/screenshots");
mkdirSync(out, { recursive: true });

const server = await startServer(dist(), () => ({}));
const browser = await launch();
let taken = 0;

async function take(language, theme, width, wanted) {
    const { context, page } = await phone(browser, { width, height: width < 700 ? 844 : 900, language, theme, deviceScaleFactor: width < 700 ? 2 : 1 });
    await page.clock.setFixedTime(monday);
    for (const screen of wanted) {
        await open(page, server, screen);
        await page.screenshot({ path: join(out, `${screen}-${theme}-${language}-${width}.png`) });
        taken += 1;
    }
    await context.close();
}

// Four phones side by side, small enough for a repository.
async function readme() {
    await take("en", "light", 390, ["today", "outcome_talked", "insights"]);
    await take("ar", "dark", 390, ["focus"]);
    const pictures = ["today-light-en", "outcome_talked-light-en", "insights-light-en", "focus-dark-ar"].map((name) => `data:image/png;base64,${readFileSync(join(out, `${name}-390.png`), "base64")}`);
    const page = await browser.newPage({ viewport: { width: 976, height: 522 } });
    await page.setContent(`<body style="margin:0;padding:12px;background:#efe7db;display:flex;gap:12px">${pictures.map((src) => `<img src="${src}" width="229" height="496" style="border-radius:18px">`).join("")}`);
    await page.screenshot({ path: join(root, "bot/console/screens.png") });
}

if (values.readme) {
    await readme();
} else {
    for (const language of languages) for (const theme of themes) for (const width of widths) await take(language, theme, width, list(values.only, Object.keys(screens)));
}
await browser.close();
await server.stop();
console.log(`${taken} pictures in build/screenshots`);
