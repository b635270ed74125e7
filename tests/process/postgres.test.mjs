// Three equal replicas on one PostgreSQL, under load, while everything around them breaks: one is killed, one sleeps past its
// leases and wakes, connections are cut all the time, the database is restarted. The judge of lost and doubled messages is the
// sandbox's own ledger.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Cluster } from "./postgres_cluster.mjs";
import { free_port, reply_body, Town, until } from "./support.mjs";

const seconds = Number(process.env.CALM_SECONDS ?? 2); // of load between one trouble and the next
const calm = () => new Promise((turn) => setTimeout(turn, seconds * 1000));
let cluster, town, relay, replicas = [];

// The provider's webhooks reach whichever replica is up, as behind a load balancer.
function balance(request, response) {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece)).on("end", async () => {
        for (const replica of [...replicas].sort(() => Math.random() - 0.5)) {
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

before(async () => {
    cluster = new Cluster();
    relay = createServer(balance);
    await new Promise((done) => relay.listen(0, "127.0.0.1", done));
    town = await Town.make({ webhook: `http://127.0.0.1:${relay.address().port}/`, store: cluster.create("warmcall") });
    await town.start_sandbox();
    for (let n = 0; n < 3; ++n) {
        const port = await free_port();
        const url = `http://127.0.0.1:${port}`;
        const env = { ...town.env, TEST_LOG_LEVEL: "error", WARMCALL_LISTEN: `127.0.0.1:${port}`, WARMCALL_URL: url };
        replicas.push(Object.assign(new Town(), town, { url, env }));
    }
    // All at once on an empty database: one of them brings the schema, the others wait for it.
    await Promise.all(replicas.map((replica) => replica.start_gateway()));
    replicas[0].make_token();
    for (const replica of replicas) replica.token = replicas[0].token;
});
after(async () => {
    await town?.close();
    cluster?.close();
    relay?.close();
});

const any = () => replicas[Math.floor(Math.random() * replicas.length)];
const trouble = {
    async "one replica is killed"() {
        replicas[0].gateway.kill("SIGKILL");
        await replicas[0].gateway.ended;
        await calm();
        await replicas[0].start_gateway();
    },
    async "one replica sleeps past its leases, and wakes"() {
        replicas[1].gateway.kill("SIGSTOP");
        cluster.ask("warmcall", "UPDATE outbox SET lease_until = 1 WHERE state = 'claimed'"); // instead of two minutes
        await calm();
        replicas[1].gateway.kill("SIGCONT");
    },
    async "connections are cut again and again"() {
        for (let n = 0; n < 10; ++n) {
            cluster.ask("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'warmcall'");
            await new Promise((turn) => setTimeout(turn, 150));
        }
    },
    async "the database is restarted"() {
        cluster.stop("immediate");
        await new Promise((turn) => setTimeout(turn, 300));
        cluster.start();
    },
};

test("three replicas while things break: nothing acknowledged is lost, nothing is sent twice", async () => {
    const people = new Map(); // phone -> words acknowledged
    let running = true;

    async function newcomers(who) {
        for (let n = 0; running; ++n) {
            const phone = `+6142${who}${100_000 + n}`;
            for (let done = false; running && !done; ) {
                try {
                    const { status, body } = await any().api("POST", "/contacts", {
                        name: `Person ${n}`, phone, rep: "joel", language: "en", cadence: "short",
                        consent: { source: "signup form", at: "2026-01-05T10:00:00Z", text: "yes" },
                    }, { "idempotency-key": `newcomer-${who}-${n}` });
                    if (status === 201) people.set(phone, []);
                    done = status === 201 || status === 409;
                    assert.ok(done || status >= 500 || status === 429, `a contact was refused: ${status} ${JSON.stringify(body)}`);
                } catch (problem) {
                    if (problem.code === "ERR_ASSERTION") throw problem; // else: the replica is gone or asleep
                }
                await new Promise((turn) => setTimeout(turn, 20));
            }
        }
    }
    // Each reply goes to two replicas at once: it counts once.
    async function replies(who) {
        for (let n = 0; running; ++n) {
            const all = [...people.keys()];
            await new Promise((turn) => setTimeout(turn, 10));
            if (all.length === 0) continue;
            const phone = all[Math.floor(Math.random() * all.length)];
            const words = `fine thanks ${who}x${n}`;
            const body = reply_body(phone, `wamid.PG${who}x${n}`, words);
            const answers = await Promise.allSettled([any(), any()].map((replica) =>
                fetch(`${replica.url}/webhooks/main`, {
                    method: "POST",
                    headers: { "content-type": "application/json", "x-hub-signature-256": town.sign(body) },
                    body,
                    signal: AbortSignal.timeout(10_000),
                })));
            if (answers.some((a) => a.status === "fulfilled" && a.value.status === 200)) people.get(phone).push(words);
        }
    }

    const load = [newcomers(2), newcomers(3), replies(1), replies(2)];
    for (const [what, happens] of Object.entries(trouble)) {
        await calm();
        await happens();
        await until(() => any().api("GET", "/contacts?limit=1").then((r) => r.status === 200, () => false), `serving again after: ${what}`);
    }
    await until(() => people.size > 30 && [...people.values()].flat().length > 60, "enough to judge by", 120_000);
    running = false;
    await Promise.all(load);
    // What the dead had in hand is settled as soon as its lease is over.
    await until(() => {
        cluster.ask("warmcall", "UPDATE outbox SET lease_until = 1 WHERE state = 'claimed' AND lease_until > 1");
        return cluster.ask("warmcall", "SELECT count(*) FROM outbox WHERE state IN ('queued', 'claimed') AND kind = 'wellbeing'") === "0"
            && cluster.ask("warmcall", "SELECT count(*) FROM outreach WHERE phase = 'planned'") === "0";
    }, "everything that is due has gone out", 60_000);

    const decided = new Map();
    for (const words of cluster.ask("warmcall", "SELECT words FROM reply").split("\n")) decided.set(words, (decided.get(words) ?? 0) + 1);
    const said = [...people.values()].flat();
    const lost = said.filter((words) => !decided.has(words)).length;
    const counted_twice = [...decided.values()].filter((n) => n > 1).length;
    const sent = new Map();
    for (const entry of town.ledger().filter((e) => e.kind === "accepted" && e.template === "wellbeing")) sent.set(entry.wa_id, (sent.get(entry.wa_id) ?? 0) + 1);
    const doubled = [...sent.values()].filter((n) => n > 1).length;
    // Whoever was not written to has answered before, and a rep is told to call; or the rep is asked about a text in doubt.
    const in_hand = new Set(cluster.ask("warmcall", "SELECT a.value FROM outbox m JOIN address a USING (contact_id) WHERE m.state = 'unknown'"
        + " UNION SELECT a.value FROM prompt p JOIN address a USING (contact_id) WHERE p.open").split("\n"));
    const forgotten = [...people.keys()].filter((phone) => !sent.has(phone.slice(1)) && !in_hand.has(phone)).length;
    console.log(`${people.size} contacts, ${said.length} replies acknowledged, ${lost} lost, ${counted_twice} counted twice; ` +
        `${sent.size} written to, ${doubled} twice, ${forgotten} forgotten`);
    assert.ok(said.length > 50 && sent.size > 15, "there was hardly any load");
    assert.equal(lost, 0);
    assert.equal(counted_twice, 0);
    assert.equal(doubled, 0);
    assert.equal(forgotten, 0);
});

test("a prompt that another replica raised is seen on this one's live stream", async () => {
    const [here, there] = [replicas[1], replicas[2]];
    const { body } = await there.add("Streaming Stella", "+61491570199");
    const stream = await fetch(`${here.url}/api/v1/stream`, { headers: { authorization: `Bearer ${here.token}` }, signal: AbortSignal.timeout(30_000) });
    const reader = stream.body.getReader();
    let heard = "";
    for (const n of [1, 2]) { // the second comes to a stream that has fallen quiet, long before its next ping
        const posted = Date.now();
        const words = reply_body("+61491570199", `wamid.PGSTREAM${n}`, "so so");
        assert.equal((await fetch(`${there.url}/webhooks/main`, { method: "POST", headers: { "content-type": "application/json", "x-hub-signature-256": town.sign(words) }, body: words })).status, 200);
        while (!heard.includes(`"contact":${body.id}`)) heard += new TextDecoder().decode((await reader.read()).value);
        assert.ok(n === 1 || Date.now() - posted < 8000, "the news waited for a ping");
        heard = "";
    }
    await reader.cancel();
});
