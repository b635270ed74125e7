// Somebody asks to be erased, while the gateway serves: afterwards no byte of who they were is in the database, its WAL or the log.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { config, reply_body, root, Town, until } from "./support.mjs";

const binary = process.env.WARMCALL ?? join(root, "build/release/warmcall");
const her = { name: "Zerlina Quastenflosser", phone: "+61422199001" };
const words = "The violet oven broke";
const canaries = ["Zerlina", "zerlina", "ZERLINA", "Quastenflosser", "quastenflosser", "61422199001", "0422199001", "violet oven", "sister Wilhelmine", "Zerlina agreed"];
let town, file, log = "";

before(async () => {
    town = await Town.make();
    town.env.TEST_LOG_LEVEL = "debug";
    file = town.env.WARMCALL_STORE.slice("sqlite:".length);
    await town.start_sandbox();
    await town.start_gateway();
    town.gateway.stderr.on("data", (data) => (log += data));
    town.make_token();
});
after(() => town?.close());

function warmcall(...args) {
    const { status, stdout, stderr } = spawnSync(binary, [...args, "--config", config], { cwd: root, env: town.env, encoding: "utf8", timeout: 60_000 });
    return { status, words: stdout + stderr };
}

const sent_to_her = () => town.ledger().filter((e) => e.kind === "accepted" && e.wa_id === her.phone.slice(1));

// WhatsApp's ids hold the number in base64; those that our texts got are looked for as well.
function found() {
    const ids = sent_to_her().flatMap((e) => [e.id, e.message_id, e.wamid].filter((id) => typeof id === "string"));
    const places = { database: readFileSync(file), wal: readFileSync(`${file}-wal`), shm: readFileSync(`${file}-shm`), log: Buffer.from(log) };
    return Object.entries(places).flatMap(([place, bytes]) => [...canaries, ...ids].filter((canary) => bytes.includes(canary)).map((canary) => `${place}: ${canary}`));
}

test("who asks to be erased is in no byte of the database, the WAL and the log any more", async () => {
    const added = await town.add(her.name, her.phone, {
        topic: "the violet oven",
        preferences: { reach: "WhatsApp first", if_lost: "ask sister Wilhelmine" },
        consent: { source: "signup form", at: "2026-01-05T10:00:00Z", text: "Zerlina agreed" },
    }, { "idempotency-key": "hers" });
    assert.equal(added.status, 201);
    const ben = await town.add("Ben", "+61422199002");
    await until(() => sent_to_her().length === 1, "she is written to");
    const contact = async (id) => town.api("GET", `/contacts/${id}`);
    await until(async () => ["delivered", "read"].includes((await contact(added.body.id)).body.reply_status), "the receipts are in");
    assert.equal((await town.post(reply_body(her.phone, "wamid.hers", words))).status, 200);
    assert.equal((await town.post(reply_body("+61422199002", "wamid.bens", "All well with Ben"))).status, 200);
    await until(async () => (await contact(added.body.id)).body.last_reply?.words === words, "her words are in");
    assert.ok(found().length > 5, `the search itself works: ${found()}`);

    const asked = warmcall("erase", her.phone);
    assert.equal(asked.status, 1);
    assert.match(asked.words, /cannot be undone: say --yes.*nobody was erased/);
    const slip = warmcall("erase", "--yes", her.phone, "12");
    assert.equal(slip.status, 1);
    assert.match(slip.words, /12: .*nobody was erased/);
    assert.equal((await contact(added.body.id)).status, 200);

    const erased = warmcall("erase", "--yes", her.phone);
    assert.equal(erased.status, 0, erased.words);
    assert.match(erased.words, /^1 person erased, with 1 text, 1 reply and [1-9]\d* raw webhooks that named them\./);
    assert.match(erased.words, /Backups made before still hold them/);
    await until(() => found().length === 0, `nothing is left: ${found()}`, 60_000);
    assert.equal((await contact(added.body.id)).status, 404);
    assert.equal((await town.api("GET", "/contacts?search=Zerl")).body.items.length, 0);

    // Who is not erased is as before.
    const other = (await contact(ben.body.id)).body;
    assert.equal(other.name, "Ben");
    assert.equal(other.last_reply.words, "All well with Ben");

    // The same request does not add her a second time, and says nothing of her.
    const again = await town.add(her.name, her.phone, {
        topic: "the violet oven",
        preferences: { reach: "WhatsApp first", if_lost: "ask sister Wilhelmine" },
        consent: { source: "signup form", at: "2026-01-05T10:00:00Z", text: "Zerlina agreed" },
    }, { "idempotency-key": "hers" });
    assert.equal(again.status, 201);
    assert.equal(again.body, null);
});

test("what comes of them later is not kept, nor is what they write", async () => {
    const { id, token } = sent_to_her()[0];
    assert.equal((await town.post(reply_body(her.phone, "wamid.later", words))).status, 200);
    const status = { object: "whatsapp_business_account", entry: [{ id: "200000000000001", changes: [{ field: "messages", value: {
        messaging_product: "whatsapp", metadata: { display_phone_number: "15550783881", phone_number_id: "300000000000002" },
        statuses: [{ id: id ?? "wamid.x", status: "read", timestamp: `${Math.floor(Date.now() / 1000)}`, recipient_id: her.phone.slice(1), biz_opaque_callback_data: token }] } }] }] };
    assert.equal((await town.post(JSON.stringify(status))).status, 200);
    await new Promise((turn) => setTimeout(turn, 100));
    assert.deepEqual(found(), []);
});

test("who was erased and is imported again is not written to", async () => {
    const rows = join(town.folder, "again.csv");
    writeFileSync(rows, `name,phone,consent_source,consent_at,consent_text\n${her.name},${her.phone},form,2026-01-05T10:00:00Z,yes\nCleo,+61422199003,form,2026-01-05T10:00:00Z,yes\n`);
    warmcall("import", rows, "--rep", "joel", "--cadence", "short");
    await until(() => town.ledger().some((e) => e.kind === "accepted" && e.wa_id === "61422199003"), "Cleo is written to");
    assert.equal(sent_to_her().length, 1, "she was written to after she was erased");
    const [back] = (await town.api("GET", "/contacts?search=Zerl")).body.items;
    assert.equal(back.reply_status, "opted_out");
});

test("over the API as over the command, and without a gateway as with one", async () => {
    const [back] = (await town.api("GET", "/contacts?search=Zerl")).body.items;
    const erased = await town.api("DELETE", `/contacts/${back.id}`);
    assert.equal(erased.status, 200);
    assert.equal(erased.body.contact_id, back.id);
    assert.equal(erased.body.left, null);
    await until(() => found().length === 0, `nothing is left: ${found()}`, 60_000);
    assert.equal((await town.api("DELETE", `/contacts/${back.id}`)).status, 404);
    town.gateway.kill("SIGTERM");
    await town.gateway.ended;
    const nobody = warmcall("erase", "--yes", her.phone);
    assert.equal(nobody.status, 1);
    assert.match(nobody.words, /^0 people erased/);
    const cleo = warmcall("erase", "--yes", "+61422199003", "--vacuum");
    assert.equal(cleo.status, 0, cleo.words);
    assert.match(cleo.words, /1 person erased[^]*written anew/);
    assert.ok(!readFileSync(file).includes("61422199003"));
});
