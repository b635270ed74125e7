#!/usr/bin/env python3
"""From the start of the process to a 200 of /readyz, with a million contacts, a tenth of them in live outreaches, and the WAL that a kill -9
under load left behind. BENCH_CONTACTS (1000000) changes how many."""
import os, time

import measure
from measure import ROUNDS, Bench, Webhooks, make_store

CONTACTS = measure.number("BENCH_CONTACTS", 1_000_000)

with Bench("start") as bench:
    print(f"making {CONTACTS} contacts", flush=True)
    store = f"{bench.work}/bench.db"
    make_store(bench, store, CONTACTS // 10, CONTACTS)
    webhooks = Webhooks(store)
    env = bench.env(f"sqlite:{store}")
    gateway = bench.gateway(env)
    rows = []
    for r in range(ROUNDS):
        bench.wrk(env["BENCH_URL"], webhooks.write(f"{bench.work}/load.{r}", 100_000), gateway.pid, 3)
        gateway.kill()
        gateway.wait()
        left = os.path.getsize(store + "-wal") / 2**20
        begun = time.monotonic()
        gateway = bench.gateway(env)
        rows.append({"value": (time.monotonic() - begun) * 1000, "rss_mib": measure.rss_mib(gateway.pid)})
        print(f"a WAL of {left:.0f} MiB: ready after {rows[-1]['value']:.0f} ms")
    bench.add("warmcall", "ms", "warmcall", rows)
    bench.show()
