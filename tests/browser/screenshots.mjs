// Pictures of every screen x theme x language x width: node tests/browser/screenshots.mjs [--only today,focus] [--quick]
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { dist, launch, phone, root } from "./support/console.mjs";
import { open, screens } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";
import { fixTime } from "./support/world.mjs";

const monday = Date.parse("2026-11-23T09:12:00Z");
fixTime(monday);

const { values } = parseArgs({ options: { only: { type: "string" }, quick: { type: "boolean" }, languages: { type: "string" }, themes: { type: "string" }, widths: { type: "string" } } });
const list = (text, all) => (text ? text.split(",") : all);
const languages = list(values.languages, values.quick ? ["en"] : ["en", "hi", "ar"]);
const themes = list(values.themes, ["light", "dark"]);
const widths = list(values.widths, values.quick ? ["390"] : ["320", "390", "768", "1280"]).map(Number);
const out = join(root, "build/screenshots");
mkdirSync(out, { recursive: true });

const server = await startServer(dist(), () => ({}));
const browser = await launch();
let taken = 0;
for (const language of languages) {
    for (const theme of themes) {
        for (const width of widths) {
            for (const screen of list(values.only, Object.keys(screens))) {
                const { context, page } = await phone(browser, { width, height: width < 700 ? 844 : 900, language, theme, deviceScaleFactor: width < 700 ? 2 : 1 });
                await page.clock.setFixedTime(monday);
                await open(page, server, screen);
                await page.screenshot({ path: join(out, `${screen}-${theme}-${language}-${width}.png`) });
                taken += 1;
                await context.close();
            }
        }
    }
}
await browser.close();
await server.stop();
console.log(`${taken} pictures in build/screenshots`);
