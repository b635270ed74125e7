#!/usr/bin/env python3
"""Signed WhatsApp webhooks at 64 connections: verified, parsed, deduplicated, decided, durable (synchronous=FULL), then 200;
next to a bare Beast responder, to Fastify with better-sqlite3 (FULL), and to whatsapp-api-js that stores nothing, in the same
run, three rounds in turn, medians. Also in POSTs of 100 updates."""
import json, os, shutil, socket, statistics, subprocess, sys, tempfile, time, urllib.request

BUILD = os.environ.get("BENCH_BUILD", "build/release")
OUT = os.environ.get("BENCH_OUT", "build/bench.jsonl")
CONTACTS = int(os.environ.get("BENCH_CONTACTS", "100000"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "6"))
ROUNDS = 3
BASELINES = "tests/bench/baselines"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def wrk(url, file, pid):
    before, begun = cpu_seconds(pid), time.monotonic()
    text = subprocess.run(["wrk", "-t1", "-c64", f"-d{SECONDS}s", "--timeout", "10s", "-s", "tests/bench/tools/post.lua", url, "--", file],
                          capture_output=True, text=True, check=True).stdout
    line = next(l for l in text.splitlines() if l.startswith("RESULT"))
    n, micros, p50, p99, refused = (int(x) for x in line.split()[1:])
    cpu = cpu_seconds(pid) - before
    return {"value": n / (micros / 1e6), "p50_ms": p50 / 1000, "p99_ms": p99 / 1000, "cpu_us_per_item": cpu * 1e6 / max(n, 1),
            "rss_mib": rss_mib(pid), "refused": refused, "requests": n}


def main():
    work = tempfile.mkdtemp(prefix="warmcall-bench-", dir="build")
    env = dict(os.environ, BENCH_STORE=f"sqlite:{os.path.abspath(work)}/bench.db", BENCH_SECRET="bench secret")
    port = free_port()
    env["BENCH_LISTEN"], env["BENCH_URL"] = f"127.0.0.1:{port}", f"http://127.0.0.1:{port}"
    config = "tests/bench/bench.toml"
    started = []
    try:
        print(f"preparing {CONTACTS} contacts in live outreaches, and signed webhooks for {ROUNDS} rounds", flush=True)
        # Enough that no line is sent twice: a duplicate would be cheaper.
        subprocess.run([f"{BUILD}/prepare", config, str(CONTACTS), str(45000 * SECONDS), str(ROUNDS), "1", f"{work}/single."], env=env, check=True)
        batch_env = dict(env, BENCH_STORE=f"sqlite:{os.path.abspath(work)}/batch.db")
        subprocess.run([f"{BUILD}/prepare", config, str(CONTACTS), str(150000 * SECONDS), "1", "100", f"{work}/batch."], env=batch_env, check=True)
        def baseline(*command):
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
            started.append(process)
            line = process.stdout.readline()
            if not line:
                print(f"{command[1]} does not start: left out", flush=True)
                return None
            return f"http://127.0.0.1:{int(line)}", process.pid

        others = {
            "bare Beast responder": baseline(f"{BUILD}/responder"),
            "Fastify + better-sqlite3, FULL": baseline("node", f"{BASELINES}/fastify_sqlite.mjs", f"{work}/fastify.db", str(CONTACTS)),
            "whatsapp-api-js, nothing stored": baseline("node", f"{BASELINES}/whatsapp_api_js.mjs"),
        }
        others = {name: started_one for name, started_one in others.items() if started_one}

        def serve(e):
            gateway = subprocess.Popen([f"{BUILD}/warmcall", "serve", "--config", config], env=e, stderr=open(f"{work}/serve.log", "a"))
            started.append(gateway)
            for _ in range(200):
                try:
                    urllib.request.urlopen(e["BENCH_URL"] + "/readyz", timeout=1)
                    return gateway
                except OSError:
                    time.sleep(0.05)
            sys.exit("bench: the gateway did not start: " + open(f"{work}/serve.log").read()[-500:])

        gateway = serve(env)
        rows = {name: [] for name in [*others, "warmcall"]}
        for r in range(ROUNDS):
            for name, (url, pid) in others.items():
                rows[name].append(wrk(url, f"{work}/single.{r}", pid))
            rows["warmcall"].append(wrk(env["BENCH_URL"], f"{work}/single.{r}", gateway.pid))
        gateway.terminate()
        gateway.wait(30)
        gateway = serve(batch_env)
        batch = wrk(env["BENCH_URL"], f"{work}/batch.0", gateway.pid)
        batch = {**batch, "value": batch["value"] * 100, "cpu_us_per_item": batch["cpu_us_per_item"] / 100}
        rows["warmcall, 100 updates a POST"] = [batch]

        def median(name, key):
            return statistics.median(row[key] for row in rows[name])

        base = median("bare Beast responder", "value")
        spread = [row["value"] for row in rows["bare Beast responder"]]
        print(f"\n{'ingest':32} {'per second':>11} {'ratio':>6} {'p50 ms':>7} {'p99 ms':>7} {'CPU us':>7} {'RSS MiB':>8} {'not 200':>8}")
        with open(OUT, "a") as out:
            for name in rows:
                row = {key: median(name, key) for key in ("value", "p50_ms", "p99_ms", "cpu_us_per_item", "rss_mib", "refused")}
                print(f"{name:32} {row['value']:11.0f} {row['value'] / base:6.2f} {row['p50_ms']:7.2f} {row['p99_ms']:7.2f} "
                      f"{row['cpu_us_per_item']:7.1f} {row['rss_mib']:8.1f} {row['refused']:8.0f}")
                out.write(json.dumps({"bench": "ingest", "variant": name, "unit": "updates/s", "ratio": row["value"] / base,
                                      "baseline": "bare Beast responder", **row}) + "\n")
        if max(spread) > 1.5 * min(spread):
            print("The machine was too noisy to tell: the bare responder alone moved by more than half.")
        wrong = sum(row["refused"] for row in rows["warmcall"])
        if wrong:
            print(f"{wrong} answers were not 200: see {work}/serve.log")
    finally:
        for process in started:
            if process.poll() is None:
                process.terminate()
                process.wait(30)
        shutil.rmtree(work, ignore_errors=True)


main()
