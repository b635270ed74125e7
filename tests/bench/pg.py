#!/usr/bin/env python3
"""Ingest and wake-ups on PostgreSQL with 1, 2 and 3 replicas on this machine, next to `node pg` doing the same; three rounds in
turn, medians. The cluster is a throw-away one with everything durable (fsync on). BENCH_CONTACTS (20000) and BENCH_SECONDS (5)
change how much. Also what a row takes on the disk, and what an event costs, for the arithmetic in bot/README.md."""
import concurrent.futures, os, shutil, subprocess, tempfile, time

import measure
from measure import BUILD, CONFIG, ROUNDS, Bench, Webhooks, make_store

CONTACTS, SECONDS = measure.number("BENCH_CONTACTS", 20_000), measure.number("BENCH_SECONDS", 5)
PROGRAMS = "/usr/lib/postgresql/15/bin"
BASELINES = "tests/bench/baselines"
AS_POSTGRES = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"] if os.getuid() == 0 else []


class Cluster:
    """On the disk, where fsync means something; PostgreSQL refuses to be root."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="warmcall-pg-", dir="/var/tmp")
        if AS_POSTGRES:
            shutil.chown(self.folder, "postgres", "postgres")
        self.data = f"{self.folder}/data"
        self.run("initdb", "-D", self.data, "-U", "warmcall", "-A", "trust", "-E", "UTF8", "--no-locale")
        with open(f"{self.data}/postgresql.auto.conf", "a") as conf:
            conf.write(f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\nshared_buffers = 256MB\nmax_wal_size = 4GB\n")
        self.run("pg_ctl", "-D", self.data, "-w", "-l", f"{self.folder}/log", "start")
        self.pid = int(open(f"{self.data}/postmaster.pid").readline())

    def run(self, program, *args):
        subprocess.run([*AS_POSTGRES, f"{PROGRAMS}/{program}", *args], cwd="/", check=True, stdout=subprocess.DEVNULL)

    def url(self, name):
        return f"postgresql:///{name}?user=warmcall&host={self.folder}"

    def ask(self, name, sql):
        return subprocess.run([f"{PROGRAMS}/psql", "-XAtqd", self.url(name), "-c", sql], capture_output=True, text=True, check=True).stdout.strip()

    def create(self, name, template="template0"):
        self.ask("postgres", f"DROP DATABASE IF EXISTS {name}")
        self.ask("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def cpu_seconds(self):
        """Of all server processes, also of those that have ended since."""
        ticks = 0
        for pid in [self.pid, *subprocess.run(["pgrep", "-P", str(self.pid)], capture_output=True, text=True).stdout.split()]:
            try:
                fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
            except FileNotFoundError:
                continue
            ticks += int(fields[11]) + int(fields[12]) + (int(fields[13]) + int(fields[14]) if int(pid) == self.pid else 0)
        return ticks / os.sysconf("SC_CLK_TCK")

    def close(self):
        self.run("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def copied(bench, cluster, name, file):
    """The SQLite store as a PostgreSQL database, by our own command."""
    subprocess.run([f"{BUILD}/warmcall", "store", "copy", "--from", f"sqlite:{file}", "--to", cluster.create(name)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    cluster.ask(name, "VACUUM ANALYZE")


def ingest(bench, cluster, targets, files):
    """Each target gets its share of the 64 connections."""
    before = cluster.cpu_seconds()
    with concurrent.futures.ThreadPoolExecutor(len(targets)) as together:
        some = [together.submit(bench.wrk, url, file, pid, SECONDS, 64 // len(targets)) for (url, pid), file in zip(targets, files)]
        rows = [one.result() for one in some]
    value = sum(row["value"] for row in rows)
    server_us = (cluster.cpu_seconds() - before) * 1e6 / max(value * SECONDS, 1)
    own_us = sum(row["cpu_us_per_item"] * row["value"] for row in rows) / max(value, 1)
    return {"value": value, "p50_ms": max(r["p50_ms"] for r in rows), "p99_ms": max(r["p99_ms"] for r in rows), "cpu_us_per_item": own_us + server_us,
            "rss_mib": max(r["rss_mib"] for r in rows), "refused": sum(r["refused"] for r in rows)}


def measure_ingest(bench, cluster):
    file = f"{bench.work}/ingest.db"
    make_store(bench, file, CONTACTS)
    webhooks = Webhooks(file)
    copied(bench, cluster, "ingest", file)
    envs = [bench.env(cluster.url("ingest")) for _ in range(3)]
    gateways = [(env["BENCH_URL"], bench.gateway(env).pid) for env in envs]
    node = bench.start("node", f"{BASELINES}/pg_node.mjs", cluster.create("node_ingest"), str(CONTACTS), "ingest",
                       stdout=subprocess.PIPE, text=True, env=envs[0])
    port = node.stdout.readline()
    rows = {"ingest, node pg": [], **{f"ingest, {n} replica{'s' * (n > 1)}": [] for n in (1, 2, 3)}}
    if not port:
        print("node pg does not start: left out", flush=True)
        del rows["ingest, node pg"]
    before = rows_and_bytes(cluster)
    told = 0
    for _ in range(ROUNDS):
        files = [webhooks.write(f"{bench.work}/posts.{n}", 6_000 * SECONDS) for n in range(3)]
        if port:
            rows["ingest, node pg"].append(ingest(bench, cluster, [(f"http://127.0.0.1:{int(port)}", node.pid)], files[:1]))
        for n in (1, 2, 3):
            fresh = [webhooks.write(f"{bench.work}/fresh.{n}.{i}", 12_000 * SECONDS // n) for i in range(n)]
            rows[f"ingest, {n} replica{'s' * (n > 1)}"].append(ingest(bench, cluster, gateways[:n], fresh))
            told += rows[f"ingest, {n} replica{'s' * (n > 1)}"][-1]["value"] * SECONDS
    for name, measured in rows.items():
        bench.add(name, "updates/s", "ingest, node pg" if port else "ingest, 1 replica", measured)
    show_bytes(before, rows_and_bytes(cluster), told)
    bench.stop(node)
    for process in bench.started:
        bench.stop(process)


def rows_and_bytes(cluster):
    tables = ("delivery", "inbox", "reply", "event_log", "outbox", "outreach", "contact", "address", "consent", "prompt", "alert")
    return {t: [int(x) for x in cluster.ask("ingest", f"SELECT (SELECT count(*) FROM {t}), pg_total_relation_size('{t}')").split("|")] for t in tables}


def show_bytes(before, after, told):
    print(f"\n{'on the disk':14} {'rows':>10} {'bytes a row':>12} {'bytes an update':>16}")
    for table, (rows, size) in after.items():
        grown = size - before[table][1]
        print(f"{table:14} {rows:10} {size / max(rows, 1):12.0f} {grown / max(told, 1):16.1f}")


def wake(bench, cluster, replicas):
    """Due wake-ups decided a second; a fresh copy of the same database each time."""
    cluster.create("waking", "due")
    env = [bench.env(cluster.url("waking")) for _ in range(replicas)]
    left = lambda: int(cluster.ask("waking", "SELECT count(*) FROM outreach WHERE phase = 'planned' AND version = 0"))
    all_of_them, begun = left(), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(replicas) as together:
        gateways = list(together.map(bench.gateway, env))
    begun, first = time.monotonic(), left()
    while (now := left()) > 0 and time.monotonic() < begun + 120:
        time.sleep(0.1)
    value = (first - now) / max(time.monotonic() - begun, 1e-3)
    for gateway in gateways:
        bench.stop(gateway)
    return {"value": value}


def measure_wake(bench, cluster):
    file = f"{bench.work}/wake.db"
    make_store(bench, file, CONTACTS, state="planned")
    copied(bench, cluster, "due", file)
    rows = {"wake, node pg": [], **{f"wake, {n} replica{'s' * (n > 1)}": [] for n in (1, 2, 3)}}
    for _ in range(ROUNDS):
        node = subprocess.run(["node", f"{BASELINES}/pg_node.mjs", cluster.create("node_wake"), str(CONTACTS), "wake"], capture_output=True, text=True,
                              env=dict(os.environ, BENCH_SECRET=measure.SECRET))
        if node.returncode == 0:
            rows["wake, node pg"].append({"value": float(node.stdout)})
        for n in (1, 2, 3):
            rows[f"wake, {n} replica{'s' * (n > 1)}"].append(wake(bench, cluster, n))
    for name, measured in rows.items():
        if measured:
            bench.add(name, "wake-ups/s", "wake, node pg" if rows["wake, node pg"] else "wake, 1 replica", measured)


with Bench("pg") as bench:
    cluster = Cluster()
    try:
        print(f"making {CONTACTS} contacts in live outreaches, and signed webhooks", flush=True)
        measure_ingest(bench, cluster)
        measure_wake(bench, cluster)
        bench.show()
    finally:
        for process in bench.started:
            bench.stop(process)
        cluster.close()
