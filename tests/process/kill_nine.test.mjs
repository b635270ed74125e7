// kill -9 at random moments under load. The judge of lost and doubled messages is the sandbox's own ledger.
// KILLS (default 200) and SEED choose how often and when; TEST_STORE=postgresql where it is stored.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { reply_body, Town } from "./support.mjs";

const kills = Number(process.env.KILLS ?? 200);
const seed = Number(process.env.SEED ?? 1);
let town;

before(async () => {
    town = await Town.make();
    await town.start_sandbox();
    await town.start_gateway();
    town.make_token();
});
after(() => town?.close());

// Mulberry32: the same seed gives the same moments.
function chance(state) {
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

test(`${kills} times killed under load: nothing acknowledged is lost, nothing is sent twice, serving again within two seconds`, async () => {
    const random = chance(seed);
    const people = new Map(); // phone -> {words acknowledged}
    let running = true, posted = 0;

    // Contacts keep coming in, so that there is always something on its way out.
    async function newcomers() {
        for (let n = 0; running; ++n) {
            const phone = `+61422${100_000 + n}`; // none of them the rep's own, whose words are never taken for a contact's
            const key = `newcomer-${n}`;
            for (;;) {
                try {
                    const { status, body } = await town.api("POST", "/contacts", {
                        name: `Person ${n}`, phone, rep: "joel", language: "en", cadence: "short",
                        consent: { source: "signup form", at: "2026-01-05T10:00:00Z", text: "yes" },
                    }, { "idempotency-key": key });
                    if (status === 201 || status === 409) {
                        assert.ok(body, "an answer without a body");
                        if (status === 201) people.set(phone, { words: [] });
                        break;
                    }
                    assert.ok(status >= 500 || status === 429, `a contact was refused: ${status} ${JSON.stringify(body)}`);
                } catch (problem) {
                    if (problem.code === "ERR_ASSERTION") throw problem; // else: killed in the middle; asked again with the same key
                }
                await new Promise((turn) => setTimeout(turn, 15));
                if (!running) return;
            }
        }
    }

    // Replies keep coming in; what got its 200 must be found afterwards.
    async function replies(who) {
        for (let n = 0; running; ++n) {
            const all = [...people.keys()];
            if (all.length === 0) {
                await new Promise((turn) => setTimeout(turn, 10));
                continue;
            }
            const phone = all[Math.floor(random() * all.length)];
            const words = `fine thanks ${who}x${n}`;
            try {
                const response = await town.post(reply_body(phone, `wamid.KILL${who}x${n}`, words));
                if (response.status === 200) {
                    people.get(phone).words.push(words);
                    ++posted;
                }
            } catch { /* killed before the answer: not acknowledged, nothing promised */ }
            await new Promise((turn) => setTimeout(turn, 2));
        }
    }

    const load = [newcomers(), ...[1, 2, 3, 4].map(replies)];
    const restarts = [];
    for (let k = 0; k < kills; ++k) {
        await new Promise((turn) => setTimeout(turn, random() * 250 + (town.cluster ? 500 : 0))); // PostgreSQL takes longer to the first answer
        town.gateway.kill("SIGKILL");
        await town.gateway.ended;
        restarts.push(await town.start_gateway());
    }
    await new Promise((turn) => setTimeout(turn, 500));
    running = false;
    await Promise.all(load);

    town.gateway.kill("SIGTERM"); // everything is in the store then, and is counted there, not page by page
    await town.gateway.ended;
    const file = town.env.WARMCALL_STORE.slice("sqlite:".length);
    const column = (query) => town.cluster
        ? town.cluster.ask("warmcall", query)
        : execFileSync("sqlite3", ["-readonly", file, query], { maxBuffer: 1 << 29 }).toString();
    const raw = column(town.cluster ? "SELECT convert_from(body, 'UTF8') FROM delivery" : "SELECT CAST(body AS TEXT) FROM delivery");
    const decided = new Set(column("SELECT words FROM reply").split("\n"));
    const said = [...people.values()].flatMap(({ words }) => words);
    const lost = said.filter((words) => !raw.includes(`${words}"`)).length;
    // A 2xx means stored and decided.
    const undecided = said.filter((words) => !decided.has(words)).length;
    const sent = new Map();
    for (const entry of town.ledger().filter((e) => e.kind === "accepted" && e.template === "wellbeing")) {
        sent.set(entry.wa_id, (sent.get(entry.wa_id) ?? 0) + 1);
    }
    const doubled = [...sent.values()].filter((n) => n > 1).length;
    const slowest = Math.max(...restarts);
    console.log(`${kills} kills: ${posted} replies acknowledged, ${lost} lost, ${undecided} undecided; ${sent.size} contacts written to, ${doubled} twice; ` +
        `serving again after ${Math.round(restarts.sort((a, b) => a - b)[restarts.length >> 1])} ms (median), ${Math.round(slowest)} ms (slowest)`);
    assert.ok(posted > kills, "there was hardly any load");
    assert.ok(sent.size > 10, "hardly anything went out");
    assert.equal(lost, 0);
    assert.equal(undecided, 0);
    assert.equal(doubled, 0);
    assert.ok(slowest < 2000, `the slowest restart took ${slowest} ms`);
});
