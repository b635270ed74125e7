#!/usr/bin/env python3
"""Very many outreaches due at once: how many a second are decided, with their messages in the outbox; next to one UPDATE a row
with its own commit, which is what a job table does; and how long a reply waits meanwhile, next to how long it waits otherwise.
BENCH_OUTREACHES (1000000) changes how many, BENCH_SECONDS (20) how long it is watched."""
import socket, sqlite3, time

import measure
from measure import ROUNDS, Bench, Webhooks, make_store

CONFIG = "tests/bench/dispatch.toml"  # a channel without limits: a slow one would give most of them a turn of their own
OUTREACHES, SECONDS = measure.number("BENCH_OUTREACHES", 1_000_000), measure.number("BENCH_SECONDS", 20)


def update_each(file, seconds=3):
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE job (id INTEGER PRIMARY KEY, due_at INTEGER NOT NULL)")
    db.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) INSERT INTO job SELECT i, 0 FROM n")
    n, begun = 0, time.monotonic()
    while time.monotonic() < begun + seconds:
        n += 1
        db.execute("UPDATE job SET due_at = 1 WHERE id = ?", (n,))
    return {"value": n / (time.monotonic() - begun)}


def decided(file, begun):
    """Their text is in the outbox; or, where a minute's worth waits there already, they have a turn of their own."""
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    return db.execute("SELECT count(*) FROM outreach WHERE wake_at > ?", (begun,)).fetchone()[0]


with Bench("wake") as bench:
    print(f"making {OUTREACHES} outreaches that are due", flush=True)
    store, calm = f"{bench.work}/bench.db", f"{bench.work}/calm.db"
    make_store(bench, store, OUTREACHES, state="planned")
    make_store(bench, calm, 10_000)
    replies = Webhooks(calm)
    replies.tokens = replies.tokens[:1_000]  # there in both stores
    quiet = bench.env(f"sqlite:{calm}")
    gateway = bench.gateway(quiet)
    others = [bench.wrk(quiet["BENCH_URL"], replies.write(f"{bench.work}/quiet.{r}", 200_000, replies_only=True), gateway.pid, 5, rate=500) for r in range(ROUNDS)]
    bench.stop(gateway)

    silent = socket.create_server(("127.0.0.1", 0))  # the provider takes requests and never answers: nothing leaves the outbox
    loud = dict(bench.env(f"sqlite:{store}"), BENCH_PROVIDER=f"http://127.0.0.1:{silent.getsockname()[1]}")
    started = int(time.time() * 1000)
    gateway = bench.gateway(loud, CONFIG)
    rows, meanwhile = [], []
    for r in range(ROUNDS):
        file = replies.write(f"{bench.work}/loud.{r}", 200_000, replies_only=True)
        time.sleep(2)  # the round before had people in it: for a second after them wake-ups still take a third of the time
        before, cpu, begun = decided(store, started), measure.cpu_seconds(gateway.pid), time.monotonic()
        time.sleep(SECONDS / ROUNDS / 2)
        n, took = decided(store, started) - before, time.monotonic() - begun
        rows.append({"value": n / took, "cpu_us_per_item": (measure.cpu_seconds(gateway.pid) - cpu) * 1e6 / max(n, 1), "rss_mib": measure.rss_mib(gateway.pid)})
        meanwhile.append(bench.wrk(loud["BENCH_URL"], file, gateway.pid, max(2, SECONDS // ROUNDS // 2), rate=500))
    if decided(store, started) >= OUTREACHES:
        print("all were decided before the last round ended: give it more, with BENCH_OUTREACHES")
    each = [update_each(f"{bench.work}/each.{r}") for r in range(ROUNDS)]
    bench.add("one UPDATE a row, own commit", "wakes/s", "one UPDATE a row, own commit", each)
    bench.add("warmcall", "wakes/s", "one UPDATE a row, own commit", rows)
    bench.add("a reply, nothing else to do", "replies/s", "a reply, nothing else to do", others)
    bench.add("a reply meanwhile", "replies/s", "a reply, nothing else to do", meanwhile)
    bench.show()
