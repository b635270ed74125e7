// From SQLite to PostgreSQL with the real binary: sends in flight, killed half-way, and afterwards nothing is sent twice. The judge
// is the sandbox's own ledger.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Cluster } from "./postgres_cluster.mjs";
import { reply_body, root, Town, until } from "./support.mjs";

const binary = process.env.WARMCALL ?? join(root, "build/release/warmcall");
let cluster, town;

before(async () => {
    cluster = new Cluster();
    town = await Town.make();
    await town.start_sandbox();
});
after(async () => {
    await town?.close();
    cluster?.close();
});

// `warmcall store copy …`: its exit code and what it said.
function copy(...args) {
    const child = spawn(binary, ["store", "copy", ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    child.words = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (child.words += data));
    child.ended = new Promise((done) => child.on("close", (code, signal) => done({ code, signal, words: child.words })));
    return child;
}

test("moved to PostgreSQL with sends in flight: nothing is lost, and nothing is sent twice", async () => {
    const file = town.env.WARMCALL_STORE, target = cluster.create("moved");
    await town.start_gateway();
    town.make_token();
    await town.control("rules", { then: "accept", delay_ms: 1500 }); // so that many are on their way when the end comes
    const phones = Array.from({ length: 90 }, (_, n) => `+61424${100_000 + n}`);
    const said = [];
    for (const [n, phone] of phones.entries()) {
        assert.equal((await town.add(`Person ${n}`, phone)).status, 201);
        if (n % 10 === 0 && (await town.post(reply_body(phone, `wamid.MOVE${n}`, `moving ${n}`))).status === 200) said.push(`moving ${n}`);
    }
    const served = await copy("--from", file, "--to", target).ended;
    assert.equal(served.code, 1);
    assert.match(served.words, /is being served: stop/);
    const accepted = () => town.ledger().filter((e) => e.kind === "accepted" && e.template === "wellbeing").map((e) => e.wa_id);
    await until(() => accepted().length > 30, "some are on their way");
    town.gateway.kill("SIGKILL");
    await town.gateway.ended;
    const before = accepted().length;
    const copied = await copy("--from", file, "--to", target).ended;
    assert.equal(copied.code, 0, copied.words);
    assert.match(copied.words, /copied and compared/);

    const old = town.spawn(["serve"]);
    assert.equal((await old.ended).code, 1);
    assert.match(old.words, /was copied to postgresql:\/\/.*twice/);
    town.env.WARMCALL_STORE = target;
    await town.start_gateway(); // the token is the same one
    const waiting = () => Number(cluster.ask("moved", "SELECT count(*) FROM outbox WHERE state IN ('queued', 'claimed')"));
    cluster.ask("moved", "UPDATE outbox SET lease_until = 1 WHERE state = 'claimed'"); // instead of two minutes
    await until(() => waiting() === 0 && cluster.ask("moved", "SELECT count(*) FROM outreach WHERE phase = 'planned'") === "0", "everything that is due has gone out");
    const sent = accepted();
    const in_doubt = new Set(cluster.ask("moved", "SELECT a.value FROM outbox m JOIN address a USING (contact_id) WHERE m.state = 'unknown'").split("\n"));
    const replied = new Set(cluster.ask("moved", "SELECT a.value FROM prompt p JOIN address a USING (contact_id) WHERE p.open").split("\n"));
    const forgotten = phones.filter((phone) => !sent.includes(phone.slice(1)) && !in_doubt.has(phone) && !replied.has(phone));
    const kept = new Set(cluster.ask("moved", "SELECT words FROM reply").split("\n"));
    console.log(`${before} sent from SQLite, ${sent.length - before} from PostgreSQL, ${new Set(sent).size} people, ${in_doubt.size} addresses in doubt`);
    assert.equal(sent.length, new Set(sent).size, "somebody was written to twice");
    assert.ok(sent.length > before || sent.length === phones.length, "nothing went out after the move");
    assert.deepEqual(forgotten, []);
    assert.deepEqual(said.filter((words) => !kept.has(words)), []);
    assert.equal((await town.api("GET", "/contacts?limit=1")).status, 200);
});

test("a copy that is killed goes on where it stopped, and says at the end what it compared", async () => {
    const small = await Town.make();
    try {
        await small.start_gateway();
        small.make_token();
        await small.add("Somebody", "+61424900000");
        small.gateway.kill("SIGTERM");
        await small.gateway.ended;
        const rows = 300_000;
        const file = small.env.WARMCALL_STORE.slice("sqlite:".length);
        execFileSync("sqlite3", [file, `INSERT INTO event_log (contact_id, at, actor, what, text) SELECT 1, value, 'warmcall', 'noted', 'line ' || value FROM generate_series(1, ${rows})`]);
        const target = cluster.create("killed");
        const args = ["--from", `sqlite:${file}`, "--to", target];
        const first = copy(...args);
        const so_far = () => {
            try {
                return Number(cluster.ask("killed", "SELECT coalesce(max(rows), 0) FROM store_copy_table WHERE name = 'event_log'"));
            } catch { /* its table is not there yet */
                return 0;
            }
        };
        await until(() => so_far() > 0, "the first rows");
        first.kill("SIGKILL");
        await first.ended;
        const then = so_far();
        assert.ok(then > 0 && then < rows, `it was killed at ${then} of ${rows}`);
        const half = small.spawn(["serve"]);
        assert.equal((await half.ended).code, 1);
        small.env.WARMCALL_STORE = target;
        const target_half = small.spawn(["serve"]);
        assert.equal((await target_half.ended).code, 1);
        assert.match(target_half.words, /half a copy/);
        const second = await copy(...args).ended;
        assert.equal(second.code, 0, second.words);
        assert.match(second.words, new RegExp(`event_log +300,\\d+ +[0-9a-f]{16}`));
        console.log(`killed at ${then} of ${rows} rows; then: ${second.words.trim().split("\n").at(-2)}`);
        assert.equal(Number(cluster.ask("killed", "SELECT count(*) FROM event_log WHERE what = 'noted' AND text LIKE 'line %'")), rows);
        await small.start_gateway();
    } finally {
        await small.close();
    }
});

test("it says what it needs, and what is wrong", async () => {
    const help = await copy("--help").ended;
    assert.equal(help.code, 0);
    for (const word of ["--from", "--to", "--give-up", "goes on where it stopped"]) assert.ok(help.words.includes(word), word);
    const nothing = await copy("--from", "sqlite:/nowhere/warmcall.db", "--to", cluster.url("postgres")).ended;
    assert.equal(nothing.code, 1);
    assert.match(nothing.words, /there is no database/);
    cluster.create("strangers");
    cluster.ask("strangers", "CREATE TABLE contact (x integer)");
    const other = await copy("--from", `sqlite:${town.folder}/warmcall.db`, "--to", cluster.url("strangers")).ended;
    assert.equal(other.code, 1);
    assert.match(other.words, /not warmcall's/);
});
