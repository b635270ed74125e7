// What stands around a PostgreSQL that is shared: a standby that takes over, a network that fails, a pooler, and a provider that
// counts all gateways as one sender. The judge of lost and doubled messages is the sandbox's own ledger.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Cluster, either, Network, Pooler } from "./postgres_cluster.mjs";
import { Load, pause, Replicas } from "./replicas.mjs";
import { until } from "./support.mjs";

const closing = [];
const later = (thing) => (closing.unshift(thing), thing);
after(async () => {
    for (const thing of closing) await thing.close();
});
const cluster = later(new Cluster());

test("the database fails over to its synchronous standby: nothing acknowledged is lost, nothing is sent twice", async () => {
    const first = later(new Cluster());
    first.create("failover");
    const standby = later(new Cluster({ standby_of: first }));
    await until(() => first.ask("postgres", "SELECT sync_state FROM pg_stat_replication") === "sync", "the standby");
    let now = first;
    const store = either("failover", first, standby);
    const replicas = later(await Replicas.make([store, store, store], (sql) => now.ask("failover", sql)));
    const load = new Load(replicas, "FO");
    await pause(1500);
    first.stop("immediate");
    standby.promote();
    now = standby;
    await replicas.serving("the failover");
    await pause(1000);
    await load.stop();
    await load.judge();
    await replicas.close();
});

test("the network between one replica and the database fails and comes back", async () => {
    const direct = cluster.create("network");
    const network = later(await Network.to(cluster));
    const replicas = later(await Replicas.make([network.url("network"), direct], (sql) => cluster.ask("network", sql)));
    const load = new Load(replicas, "NET");
    await pause(1000);
    network.fail();
    // Longer than the server lets a transaction wait for its next word: it is ended there, and not known here.
    await pause(6500);
    const others = await replicas.each[1].api("GET", "/contacts?limit=1");
    assert.equal(others.status, 200, "the other replica is held up");
    network.heal();
    await until(() => replicas.each[0].api("GET", "/contacts?limit=1").then((r) => r.status === 200, () => false), "the first replica serves again");
    await load.stop();
    await load.judge();
    await replicas.close();
});

test("behind PgBouncer in transaction mode three replicas share two sessions", async () => {
    cluster.create("pooled");
    const pooler = later(new Pooler(cluster, 2));
    await until(() => pooler.ready(), "pgbouncer");
    const store = pooler.url("pooled");
    const replicas = later(await Replicas.make([store, store, store], (sql) => cluster.ask("pooled", sql)));
    const load = new Load(replicas, "POOL");
    await pause(1500);
    cluster.ask("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'pooled'");
    await pause(500);
    await load.stop();
    await load.judge();
    assert.ok(Number(cluster.ask("postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = 'pooled'")) <= 2);
    await replicas.close();
});

test("three replicas are one sender to the provider, which never has to refuse", async () => {
    const store = cluster.create("one_sender");
    const replicas = later(await Replicas.make([store, store, store], (sql) => cluster.ask("one_sender", sql), (text) => text.replace("per_second = 500", "per_second = 20")));
    await replicas.town.control("settings", { sends_per_second_max: 20 });
    const people = Array.from({ length: 100 }, (_, n) => `+61423${100_000 + n}`);
    await Promise.all(people.map((phone, n) => replicas.each[n % 3].add(`Person ${n}`, phone)));
    const sent = () => replicas.town.ledger().filter((e) => e.kind === "accepted" && e.template === "wellbeing");
    await until(() => sent().length === people.length, "everybody is written to");
    const senders = new Set(replicas.ask("SELECT DISTINCT key FROM shared_level").split("\n"));
    assert.ok(senders.has("sender main"), [...senders].join());
    const refused = replicas.town.ledger().filter((e) => e.kind === "answer" && e.to && e.status !== 200);
    assert.deepEqual(refused, []);
    const [first, last] = [sent().at(0).at, sent().at(-1).at];
    console.log(`${people.length} messages in ${last - first} ms`);
    assert.ok(last - first < 8_000, "the replicas hold each other up");
    await replicas.close();
});
