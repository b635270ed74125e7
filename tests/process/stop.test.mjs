// SIGTERM at random moments while a long line of texts goes out: what was claimed is sent and settled before the gateway ends,
// so nobody has to ask the provider about it. STOPS (default 60) and SEED choose how often and when.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { config, root, Town } from "./support.mjs";

const binary = process.env.WARMCALL ?? join(root, "build/release/warmcall");
const stops = Number(process.env.STOPS ?? 60);
const people = stops * 50; // more than goes out until the last stop
let seed = Number(process.env.SEED ?? 1);
let town;

before(async () => {
    town = await Town.make();
    const file = join(town.folder, "people.csv");
    const rows = Array.from({ length: people }, (_, n) => `Person ${n},+61422${100_000 + n},form,2026-01-05T10:00:00Z,yes`);
    writeFileSync(file, ["name,phone,consent_source,consent_at,consent_text", ...rows, ""].join("\n"));
    execFileSync(binary, ["import", file, "--config", config, "--rep", "joel", "--cadence", "short"], { cwd: root, env: town.env, stdio: "ignore" });
    await town.start_sandbox();
});
after(() => town?.close());

const chance = () => (seed = (seed * 48271) % 2147483647) / 2147483647; // the same seed gives the same moments

const count = (where) =>
    Number(execFileSync("sqlite3", ["-readonly", town.env.WARMCALL_STORE.slice("sqlite:".length), `SELECT count(*) FROM outbox WHERE ${where}`]));

test(`${stops} times asked to stop while texts go out: it ends by itself, and leaves none claimed and none in doubt`, async () => {
    for (let k = 1; k <= stops; ++k) {
        await town.start_gateway();
        await new Promise((turn) => setTimeout(turn, chance() * 250));
        town.gateway.kill("SIGTERM");
        assert.deepEqual(await town.gateway.ended, { code: 0, signal: null }, town.gateway.words);
        assert.equal(count("state IN ('claimed', 'unknown')"), 0, `stop ${k}: ${town.gateway.words}`);
    }
    const sent = count("accepted_at IS NOT NULL");
    console.log(`${stops} stops, ${sent} of ${people} texts sent, none claimed or in doubt`);
    assert.ok(sent > stops, "hardly anything went out");
    assert.ok(sent < people, "the line was over before the last stop");
});
