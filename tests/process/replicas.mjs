// Several gateways on one PostgreSQL, behind something like a load balancer, under load; and the judgement of what came of it,
// by the sandbox's own ledger.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { config, free_port, reply_body, root, Town, until } from "./support.mjs";

export const pause = (ms) => new Promise((turn) => setTimeout(turn, ms));

export class Replicas {
    // `stores`: the [store] url of each. `ask`: SQL to the database that counts. `edit`: of the configuration's text.
    static async make(stores, ask, edit = (text) => text) {
        const all = new Replicas();
        all.ask = ask;
        try {
            await all.start(stores, edit);
        } catch (error) {
            await all.close();
            throw error;
        }
        return all;
    }

    async start(stores, edit) {
        this.relay = createServer((request, response) => this.balance(request, response));
        await new Promise((done) => this.relay.listen(0, "127.0.0.1", done));
        this.town = await Town.make({ webhook: `http://127.0.0.1:${this.relay.address().port}/`, store: stores[0] });
        const text = readFileSync(config, "utf8").replaceAll('"../../', `"${root}/`).replace('"cadences"', `"${root}/tests/process/cadences"`);
        this.town.config = join(this.town.folder, "replicas.toml");
        writeFileSync(this.town.config, edit(text));
        await this.town.start_sandbox();
        this.each = [];
        for (const store of stores) {
            const port = await free_port();
            const url = `http://127.0.0.1:${port}`;
            this.each.push(Object.assign(new Town(), this.town, {
                url,
                env: { ...this.town.env, TEST_LOG_LEVEL: "error", WARMCALL_STORE: store, WARMCALL_LISTEN: `127.0.0.1:${port}`, WARMCALL_URL: url },
            }));
        }
        // All at once on an empty database: one of them brings the schema, the others wait for it.
        await Promise.all(this.each.map((replica) => replica.start_gateway()));
        const last = this.each.at(-1); // the first may be behind a relay of ours, which stands still while a command runs
        last.make_token();
        for (const replica of this.each) replica.token = last.token;
    }

    // The provider's webhooks reach whichever replica is up.
    balance(request, response) {
        const pieces = [];
        request.on("data", (piece) => pieces.push(piece)).on("end", async () => {
            for (const replica of [...this.each].sort(() => Math.random() - 0.5)) {
                try {
                    const answer = await fetch(replica.url + "/webhooks/main", {
                        method: "POST",
                        headers: { "content-type": request.headers["content-type"], "x-hub-signature-256": request.headers["x-hub-signature-256"] },
                        body: Buffer.concat(pieces),
                        signal: AbortSignal.timeout(5000),
                    });
                    if (answer.status === 200) return response.writeHead(200).end();
                } catch { /* the next one */ }
            }
            response.writeHead(503).end(); // the provider comes again
        });
    }

    any() {
        return this.each[Math.floor(Math.random() * this.each.length)];
    }

    serving(after) {
        return until(() => this.any().api("GET", "/contacts?limit=1").then((r) => r.status === 200, () => false), `serving again after: ${after}`);
    }

    async close() {
        await this.town?.close();
        this.relay?.close();
    }
}

// Contacts and replies that keep coming in at any replica.
export class Load {
    constructor(replicas, name = "PG", prefix = "6142") {
        Object.assign(this, { replicas, name, prefix, people: new Map(), running: true });
        this.work = [this.newcomers(2), this.newcomers(3), this.replies(1), this.replies(2)];
    }

    async newcomers(who) {
        for (let n = 0; this.running; ++n) {
            const phone = `+${this.prefix}${who}${100_000 + n}`;
            for (let done = false; this.running && !done; ) {
                try {
                    const { status, body } = await this.replicas.any().add(`Person ${n}`, phone, {}, { "idempotency-key": `newcomer-${this.name}-${who}-${n}` });
                    if (status === 201) this.people.set(phone, []);
                    done = status === 201 || status === 409;
                    assert.ok(done || status >= 500 || status === 429, `a contact was refused: ${status} ${JSON.stringify(body)}`);
                } catch (problem) {
                    if (problem.code === "ERR_ASSERTION") throw problem; // else: the replica is gone or asleep
                }
                await pause(20);
            }
        }
    }

    // Each reply goes to two replicas at once: it counts once.
    async replies(who) {
        for (let n = 0; this.running; ++n) {
            const all = [...this.people.keys()];
            await pause(10);
            if (all.length === 0) continue;
            const phone = all[Math.floor(Math.random() * all.length)];
            const words = `fine thanks ${this.name}${who}x${n}`;
            const body = reply_body(phone, `wamid.${this.name}${who}x${n}`, words);
            const answers = await Promise.allSettled([this.replicas.any(), this.replicas.any()].map((replica) =>
                fetch(`${replica.url}/webhooks/main`, {
                    method: "POST",
                    headers: { "content-type": "application/json", "x-hub-signature-256": replica.sign(body) },
                    body,
                    signal: AbortSignal.timeout(10_000),
                })));
            if (answers.some((a) => a.status === "fulfilled" && a.value.status === 200)) this.people.get(phone).push(words);
        }
    }

    // By contact: how often the provider took the first message for them.
    written_to() {
        const sent = new Map();
        for (const entry of this.replicas.town.ledger().filter((e) => e.kind === "accepted" && e.template === "wellbeing")) sent.set(entry.wa_id, (sent.get(entry.wa_id) ?? 0) + 1);
        return sent;
    }

    // Goes on until there is enough of each to judge by: on a slow machine many a reply is before its message, which then is not sent.
    async stop(people_min = 30, replies_min = 60, written_min = 20) {
        await until(() => this.people.size > people_min && [...this.people.values()].flat().length > replies_min && this.written_to().size > written_min,
            "enough to judge by", 120_000);
        this.running = false;
        await Promise.all(this.work);
    }

    // Nothing acknowledged is lost, nothing was sent twice, nobody is forgotten.
    async judge() {
        const { ask } = this.replicas;
        // What the dead had in hand is settled as soon as its lease is over.
        await until(() => {
            ask("UPDATE outbox SET lease_until = 1 WHERE state = 'claimed' AND lease_until > 1");
            return ask("SELECT count(*) FROM outbox WHERE state IN ('queued', 'claimed') AND kind = 'wellbeing'") === "0"
                && ask("SELECT count(*) FROM outreach WHERE phase = 'planned'") === "0";
        }, "everything that is due has gone out", 60_000);
        const decided = new Map();
        for (const words of ask("SELECT words FROM reply").split("\n")) decided.set(words, (decided.get(words) ?? 0) + 1);
        const said = [...this.people.values()].flat();
        const lost = said.filter((words) => !decided.has(words)).length;
        const counted_twice = [...decided.values()].filter((n) => n > 1).length;
        const sent = this.written_to();
        const doubled = [...sent.values()].filter((n) => n > 1).length;
        // Whoever was not written to has answered before, and a rep is told to call once they have written all; or the rep is
        // asked about a text in doubt.
        const forgotten = () => {
            const in_hand = new Set(ask("SELECT a.value FROM outbox m JOIN address a USING (contact_id) WHERE m.state = 'unknown'"
                + " UNION SELECT a.value FROM prompt p JOIN address a USING (contact_id) WHERE p.open").split("\n"));
            return [...this.people.keys()].filter((phone) => !sent.has(phone.slice(1)) && !in_hand.has(phone)).length;
        };
        await until(() => forgotten() === 0, "everybody was written to, or is in a rep's hands", 20_000);
        console.log(`${this.people.size} contacts, ${said.length} replies acknowledged, ${lost} lost, ${counted_twice} counted twice; ` +
            `${sent.size} written to, ${doubled} twice, ${forgotten()} forgotten`);
        assert.ok(said.length > 20 && sent.size > 10, "there was hardly any load");
        assert.equal(lost, 0);
        assert.equal(counted_twice, 0);
        assert.equal(doubled, 0);
    }
}
