// What a careful Node team would build on PostgreSQL: Fastify and pg with a pool, every webhook verified, parsed, deduplicated
// and its contact updated in one transaction before the 200; and what is due looked for in batches of 100.
//   node pg_node.mjs DATABASE_URL CONTACTS ingest    prints its port
//   node pg_node.mjs DATABASE_URL CONTACTS wake      prints how many a second
import { createHmac, timingSafeEqual } from "node:crypto";
import Fastify from "fastify";
import pg from "pg";

const [url, contacts, what] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
const secret = process.env.BENCH_SECRET;
const pool = new pg.Pool({ connectionString: url, max: 16 });
await pool.query(`CREATE TABLE IF NOT EXISTS inbox (id text PRIMARY KEY, body text NOT NULL);
    CREATE TABLE IF NOT EXISTS contact (wa_id text PRIMARY KEY, status text, words text, at bigint, due bigint);
    CREATE INDEX IF NOT EXISTS contact_due ON contact (due) WHERE due IS NOT NULL;
    CREATE TABLE IF NOT EXISTS outbox (id bigserial PRIMARY KEY, wa_id text NOT NULL, text text NOT NULL)`);
await pool.query("INSERT INTO contact (wa_id, due) SELECT '9198' || (10000000 + i), 1 FROM generate_series(1, $1::int) i ON CONFLICT DO NOTHING", [contacts]);

const insert = { name: "insert", text: "INSERT INTO inbox (id, body) VALUES ($1, $2) ON CONFLICT DO NOTHING" };
const update = { name: "update", text: "UPDATE contact SET status = $1, words = coalesce($2, words), at = $3 WHERE wa_id = $4" };

async function in_transaction(work) {
    const db = await pool.connect();
    try {
        await db.query("BEGIN");
        const result = await work(db);
        await db.query("COMMIT");
        return result;
    } catch (problem) {
        await db.query("ROLLBACK");
        throw problem;
    } finally {
        db.release();
    }
}

const take = (raw, value) => in_transaction(async (db) => {
    for (const s of value.statuses ?? [])
        if ((await db.query({ ...insert, values: [`${s.id} ${s.status} ${s.timestamp}`, raw] })).rowCount)
            await db.query({ ...update, values: [s.status, null, s.timestamp, s.recipient_id] });
    for (const m of value.messages ?? [])
        if ((await db.query({ ...insert, values: [m.id, raw] })).rowCount)
            await db.query({ ...update, values: ["replied", m.text?.body ?? "", m.timestamp, m.from] });
});

async function ingest() {
    const app = Fastify();
    app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    app.post("/webhooks/main", async (request, reply) => {
        const expected = createHmac("sha256", secret).update(request.body).digest();
        const given = Buffer.from(String(request.headers["x-hub-signature-256"]).slice(7), "hex");
        if (given.length !== expected.length || !timingSafeEqual(given, expected)) return reply.code(401).send();
        const raw = request.body.toString();
        for (const entry of JSON.parse(raw).entry) for (const change of entry.changes) await take(raw, change.value);
        return reply.code(200).send();
    });
    await app.listen({ host: "127.0.0.1", port: 0 });
    console.log(app.server.address().port);
}

async function wake() {
    const begun = performance.now();
    let n = 0;
    const worker = async () => {
        for (let some = -1; some !== 0; n += some) {
            some = await in_transaction(async (db) => {
                const due = await db.query({ name: "due", text: "SELECT wa_id FROM contact WHERE due <= 1 ORDER BY due LIMIT 100 FOR UPDATE SKIP LOCKED" });
                for (const { wa_id } of due.rows) {
                    await db.query({ name: "out", text: "INSERT INTO outbox (wa_id, text) VALUES ($1, 'how are you')", values: [wa_id] });
                    await db.query({ name: "woken", text: "UPDATE contact SET status = 'warming', due = 2 WHERE wa_id = $1", values: [wa_id] });
                }
                return due.rowCount;
            });
        }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    console.log(n / ((performance.now() - begun) / 1000));
    await pool.end();
}

await (what === "wake" ? wake() : ingest());
