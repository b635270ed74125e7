// A backup is put back, as a user would. By the sandbox's ledger nobody is written to twice, and everybody is to be called.
// TEST_STORE=postgresql where it is stored; there the backup is another database with the same in it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { config, reply_body, root, Town, until } from "./support.mjs";

const binary = process.env.WARMCALL ?? join(root, "build/release/warmcall");
const known = 40, lost = 20; // added before the backup, and after it
let town;

before(async () => {
    town = await Town.make();
    await town.start_sandbox();
});
after(() => town?.close());

function warmcall(...args) {
    const { status, stdout, stderr } = spawnSync(binary, [...args, "--config", config], { cwd: root, env: town.env, encoding: "utf8", timeout: 60_000 });
    return { status, words: stdout + stderr };
}

function imports(name, from, to) {
    const rows = Array.from({ length: to - from }, (_, n) => `Person ${from + n},+61422${100_000 + from + n},form,2026-01-05T10:00:00Z,yes`);
    const file = join(town.folder, name);
    writeFileSync(file, ["name,phone,consent_source,consent_at,consent_text", ...rows, ""].join("\n"));
    return warmcall("import", file, "--rep", "joel", "--cadence", "short").words;
}

const written_to = () => town.ledger().filter((e) => e.kind === "accepted" && e.template === "wellbeing").map((e) => e.wa_id);
const prompts = async () => (await town.api("GET", "/prompts?rep=joel&state=open&limit=100")).body.items;

function back_up(backup) {
    if (town.cluster) town.cluster.ask("postgres", "CREATE DATABASE monday TEMPLATE warmcall");
    else assert.match(warmcall("backup", backup).words, /checked\. To put it back: warmcall restore/);
}

function put_back(file, backup) {
    if (town.cluster) {
        town.cluster.ask("postgres", "DROP DATABASE warmcall", "CREATE DATABASE warmcall TEMPLATE monday");
        assert.match(warmcall("restore").words, /does not say that it is a backup.*--stopped-at/);
        return warmcall("restore", "--stopped-at", new Date().toISOString());
    }
    for (const part of ["-wal", "-shm"]) rmSync(file + part, { force: true });
    copyFileSync(backup, file); // by hand, into the place of what is damaged
    const refused = warmcall("serve");
    assert.equal(refused.status, 1);
    assert.match(refused.words, /is a backup that was not put back yet.*warmcall restore/);
    assert.match(warmcall("restore", file).words, /is where the database is/);
    const restored = warmcall("restore", backup);
    assert.ok(readdirSync(town.folder).some((name) => name.startsWith("warmcall.db.before-")), "what was there is gone");
    return restored;
}

test("after a backup was put back nobody is written to twice, those who were lost neither, and everybody is to be called", async () => {
    const file = town.env.WARMCALL_STORE.slice("sqlite:".length);
    const backup = join(town.folder, "monday.db");
    imports("known.csv", 0, known);
    back_up(backup);
    imports("lost.csv", known, known + lost);
    await town.start_gateway();
    await until(() => written_to().length === known + lost, "everybody is written to");
    town.gateway.kill("SIGKILL");
    await town.gateway.ended;

    const { status, words } = put_back(file, backup);
    assert.equal(status, 0, words);
    assert.match(words, new RegExp(`0 texts that waited may have left.*\\n  ${known} people have an outreach under way`));
    assert.match(words, /main: this provider has no list of what people wrote/);
    assert.match(imports("all.csv", 0, known + lost), new RegExp(`${lost} imported, ${known} rejected`));

    town.make_token();
    await town.start_gateway();
    const open = await until(async () => {
        const found = await prompts();
        return found.length === known + lost && found;
    }, "everybody is to be called");
    assert.deepEqual([...new Set(open.map((p) => p.kind))], ["no_warmup"]);
    assert.match(open[0].reason, /A backup was put back, so we cannot tell/);
    assert.equal(new Set(written_to()).size, known + lost);
    assert.equal(written_to().length, known + lost, "somebody was written to twice");
});

// Of PostgreSQL's backups the store does not know when they were made.
if (process.env.TEST_STORE !== "postgresql") test("what a backup made while it serves knows counts once, when the provider tells it again after it was put back", async () => {
    const body = reply_body("+61422100000", "wamid.before-the-backup", "All well here");
    assert.equal((await town.post(body)).status, 200);
    const words = async () => (await prompts()).find((p) => p.contact.name.endsWith(" 0")).words;
    await until(async () => (await words()) === "All well here", "the reply is on the card");
    const backup = join(town.folder, "tuesday.db");
    warmcall("backup", backup);
    town.gateway.kill("SIGKILL");
    await town.gateway.ended;
    assert.equal(warmcall("restore", backup).status, 0);
    await town.start_gateway();
    assert.equal((await town.post(body)).status, 200);
    assert.equal((await town.post(reply_body("+61422100000", "wamid.after-the-backup", "And a second one"))).status, 200);
    await until(async () => (await words()).includes("And a second one"), "the second reply is on the card");
    assert.equal(await words(), "All well here\nAnd a second one");
});

if (process.env.TEST_STORE !== "postgresql") test("a backup that nothing happened after is put back as it is", async () => {
    town.gateway.kill("SIGTERM");
    await town.gateway.ended;
    const backup = join(town.folder, "wednesday.db");
    warmcall("backup", backup);
    const before_it = new Date(Date.now() - 60_000).toISOString();
    assert.match(warmcall("restore", backup, "--stopped-at", before_it).words, /Nothing happened after it was made, as you say/);
    await town.start_gateway();
});
