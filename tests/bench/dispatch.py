#!/usr/bin/env python3
"""Messages a second from the outbox to the sandbox over loopback, all limits off, each claimed, let go and settled durably;
next to a bare keep-alive POST loop of 64 connections into the same sandbox. BENCH_MESSAGES (50000) changes how many."""
import json, sqlite3, subprocess, time, urllib.request

import measure
from measure import BUILD, ROUNDS, SECRET, Bench, make_store

MESSAGES = measure.number("BENCH_MESSAGES", 50_000)
CONFIG = "tests/bench/dispatch.toml"
BARE = "bare keep-alive POST loop"


def sandbox(bench):
    port = measure.free_port()
    env = dict(bench.env("sqlite:none"), BENCH_PROVIDER=f"http://127.0.0.1:{port}")
    process = bench.start(f"{BUILD}/warmcall", "sandbox", "--config", CONFIG, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wanted = json.dumps({"receipts": False, "sends_per_second_max": 0, "pair_limit": False}).encode()
    for _ in range(400):
        try:
            urllib.request.urlopen(urllib.request.Request(env["BENCH_PROVIDER"] + "/_control/settings", wanted, {"Content-Type": "application/json"}))
            return env["BENCH_PROVIDER"], process
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
    raise SystemExit("bench: the sandbox did not start")


def queued(file):
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    return sum(n for (n,) in db.execute("SELECT n FROM tally WHERE kind = 'message' AND word IN ('queued', 'claimed')"))


def dispatched(bench, r):
    store = f"{bench.work}/bench.{r}.db"
    make_store(bench, store, MESSAGES, state="queued")
    provider, judge = sandbox(bench)
    env = dict(bench.env(f"sqlite:{store}"), BENCH_PROVIDER=provider)
    gateway = bench.gateway(env, CONFIG)
    before, cpu, begun = queued(store), measure.cpu_seconds(gateway.pid), time.monotonic()
    while (left := queued(store)) > MESSAGES // 20 and time.monotonic() < begun + 60:
        time.sleep(0.02)
    n, took = before - left, time.monotonic() - begun
    row = {"value": n / took, "cpu_us_per_item": (measure.cpu_seconds(gateway.pid) - cpu) * 1e6 / max(n, 1), "rss_mib": measure.rss_mib(gateway.pid)}
    bench.stop(gateway)
    bench.stop(judge)
    return row


def bare(bench):
    provider, judge = sandbox(bench)
    body = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": measure.phone(1), "type": "template",
            "template": {"name": "wellbeing", "language": {"code": "en"}, "components": [{"type": "body", "parameters": [
                {"type": "text", "parameter_name": "name", "text": "Contact"}, {"type": "text", "parameter_name": "rep", "text": "Joel"}]}]}}
    script = f"{bench.work}/bare.lua"
    with open(script, "w") as out:
        out.write(f"""wrk.method = "POST"\nwrk.body = [[{json.dumps(body)}]]\nwrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {SECRET}"
function init() refused = 0 end
function response(status, headers, body) if status ~= 200 then refused = refused + 1 io.stderr:write(body) end end
local all = {{}}
function setup(t) table.insert(all, t) end
function done(s, l) print(string.format("RESULT %d %d %d %d %d", s.requests, s.duration, l:percentile(50), l:percentile(99), all[1]:get("refused"))) end
""")
    said = subprocess.run(["wrk", "-t1", "-c64", "-d5s", "-s", script, f"{provider}/v24.0/300000000000002/messages"], capture_output=True, text=True, check=True)
    n, micros, p50, p99, refused = (int(x) for x in next(l for l in said.stdout.splitlines() if l.startswith("RESULT")).split()[1:])
    if refused:
        print(said.stderr[:300])
    bench.stop(judge)
    return {"value": n / (micros / 1e6), "p50_ms": p50 / 1000, "p99_ms": p99 / 1000, "refused": refused}


with Bench("dispatch") as bench:
    loops, sends = [], []
    for r in range(ROUNDS):
        loops.append(bare(bench))
        sends.append(dispatched(bench, r))
    bench.add(BARE, "messages/s", BARE, loops)
    bench.add("warmcall, three steps each", "messages/s", BARE, sends)
    bench.show()
