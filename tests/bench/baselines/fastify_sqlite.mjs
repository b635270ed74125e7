// What a careful Node team would build: Fastify and better-sqlite3, every webhook verified, parsed, deduplicated and its
// contact updated in one durable transaction before the 200.   node fastify_sqlite.mjs DATABASE CONTACTS
import { createHmac, timingSafeEqual } from "node:crypto";
import Database from "better-sqlite3";
import Fastify from "fastify";

const [file, contacts] = [process.argv[2], Number(process.argv[3])];
const secret = process.env.BENCH_SECRET;
const db = new Database(file);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec(`CREATE TABLE inbox (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
         CREATE TABLE contact (wa_id TEXT PRIMARY KEY, status TEXT, words TEXT, at INTEGER) WITHOUT ROWID`);
const add = db.prepare("INSERT INTO contact (wa_id) VALUES (?)");
db.transaction(() => {
    for (let i = 1; i <= contacts; ++i) add.run(`9198${10_000_000 + i}`);
})();
const insert = db.prepare("INSERT OR IGNORE INTO inbox (id, body) VALUES (?, ?)");
const update = db.prepare("UPDATE contact SET status = ?, words = coalesce(?, words), at = ? WHERE wa_id = ?");
const take = db.transaction((raw, value) => {
    for (const s of value.statuses ?? [])
        if (insert.run(`${s.id} ${s.status} ${s.timestamp}`, raw).changes) update.run(s.status, null, Number(s.timestamp), s.recipient_id);
    for (const m of value.messages ?? [])
        if (insert.run(m.id, raw).changes) update.run("replied", m.text?.body ?? "", Number(m.timestamp), m.from);
});

const app = Fastify();
app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
app.post("/webhooks/main", (request, reply) => {
    const expected = createHmac("sha256", secret).update(request.body).digest();
    const given = Buffer.from(String(request.headers["x-hub-signature-256"]).slice(7), "hex");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return reply.code(401).send();
    const raw = request.body.toString();
    for (const entry of JSON.parse(raw).entry) for (const change of entry.changes) take(raw, change.value);
    return reply.code(200).send();
});
await app.listen({ host: "127.0.0.1", port: 0 });
console.log(app.server.address().port);
