#!/usr/bin/env python3
"""Signed WhatsApp webhooks at 64 connections: verified, parsed, deduplicated, decided, durable (synchronous=FULL), then 200;
next to a bare Beast responder, to Fastify with better-sqlite3 (FULL), and to whatsapp-api-js that stores nothing, in the same
run, three rounds in turn, medians. Also in POSTs of 100 updates, and at half of the peak rate next to the disk's own fdatasync.
BENCH_CONTACTS (100000) and BENCH_SECONDS (6) change how much."""
import os, subprocess, time

import measure
from measure import ROUNDS, Bench, Webhooks, make_store

CONTACTS, SECONDS = measure.number("BENCH_CONTACTS", 100_000), measure.number("BENCH_SECONDS", 6)
BASELINES = "tests/bench/baselines"
BARE = "bare Beast responder"


def baselines(bench, env):
    """Their addresses and processes; one that npm could not install is left out."""
    commands = {BARE: [f"{measure.BUILD}/responder"],
                "Fastify + better-sqlite3, FULL": ["node", f"{BASELINES}/fastify_sqlite.mjs", f"{bench.work}/fastify.db", str(CONTACTS)],
                "whatsapp-api-js, nothing stored": ["node", f"{BASELINES}/whatsapp_api_js.mjs"]}
    for name, command in commands.items():
        process = bench.start(*command, stdout=subprocess.PIPE, text=True, env=env)
        port = process.stdout.readline()
        if port:
            yield name, f"http://127.0.0.1:{int(port)}", process.pid
        else:
            print(f"{name} does not start: left out", flush=True)


def syncs(folder, n=2_000):
    """Milliseconds of one fdatasync after a page appended, sorted."""
    took = []
    with open(f"{folder}/sync", "wb") as file:
        for _ in range(n):
            os.write(file.fileno(), b"x" * 4096)
            begun = time.monotonic()
            os.fdatasync(file.fileno())
            took.append((time.monotonic() - begun) * 1000)
    return sorted(took)


with Bench("ingest") as bench:
    print(f"making {CONTACTS} contacts in live outreaches, and signed webhooks", flush=True)
    store, second = f"{bench.work}/bench.db", f"{bench.work}/batch.db"
    make_store(bench, store, CONTACTS)
    make_store(bench, second, 2 * CONTACTS)
    single, batched = Webhooks(store), Webhooks(second)
    env, batch_env = bench.env(f"sqlite:{store}"), bench.env(f"sqlite:{second}")
    others = list(baselines(bench, env))
    gateway, batch_gateway = bench.gateway(env), bench.gateway(batch_env)
    rows = {name: [] for name in [*(name for name, _, _ in others), "warmcall", "warmcall, 100 updates a POST", "warmcall, half of the peak"]}
    for r in range(ROUNDS):
        file = single.write(f"{bench.work}/single", 25_000 * SECONDS)
        for name, url, pid in others:
            rows[name].append(bench.wrk(url, file, pid, SECONDS))
        rows["warmcall"].append(bench.wrk(env["BENCH_URL"], file, gateway.pid, SECONDS))
        batch = bench.wrk(batch_env["BENCH_URL"], batched.write(f"{bench.work}/batch", 250 * SECONDS, batch=100), batch_gateway.pid, SECONDS)
        rows["warmcall, 100 updates a POST"].append({**batch, "value": batch["value"] * 100, "cpu_us_per_item": batch["cpu_us_per_item"] / 100})
    for r in range(ROUNDS):
        file = single.write(f"{bench.work}/half", 15_000 * SECONDS)
        rows["warmcall, half of the peak"].append(bench.wrk(env["BENCH_URL"], file, gateway.pid, SECONDS, rate=rows["warmcall"][r]["value"] / 2))
    for name, measured in rows.items():
        bench.add(name, "updates/s", BARE, measured)
    bench.show()
    disk = syncs(bench.work)
    print(f"one fdatasync of this disk: p50 {disk[len(disk) // 2]:.2f} ms, p99 {disk[len(disk) * 99 // 100]:.2f} ms")
