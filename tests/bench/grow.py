#!/usr/bin/env python3
"""What growth costs: webhooks, a rep's Today page and a search among everybody's contacts with ten thousand, a million and ten
million contacts, a thousand of them each rep's; once with a hundredth of them in live outreaches (at least ten thousand: fewer
would soon have nothing new to tell) and the events theirs, and once with all of them live and the events spread over all;
memory, and the file's bytes a contact. BENCH_SIZES (10000,1000000,10000000) and BENCH_SECONDS (5) change how much: ten million
take 25 GB, and half an hour to make."""
import os, statistics, subprocess, time, urllib.request

import measure
from measure import BASE, BUILD, CONFIG, Bench, Webhooks, make_store

SIZES = [int(n) for n in os.environ.get("BENCH_SIZES", "10000,1000000,10000000").split(",")]
SECONDS = measure.number("BENCH_SECONDS", 5)


def page_ms(env, token, path):
    def once():
        begun = time.monotonic()
        urllib.request.urlopen(urllib.request.Request(env["BENCH_URL"] + path, headers={"Authorization": f"Bearer {token}"})).read()
        return (time.monotonic() - begun) * 1000
    return statistics.median(once() for _ in range(20))


def many_reps(bench, size):
    file = f"{bench.work}/reps.toml"
    config = open(CONFIG).read()
    joel = config[config.index("[[rep]]"):]
    with open(file, "w") as out:
        out.write(config)
        for k in range(1, size // BASE):
            out.write("\n" + joel.replace('"joel"', f'"rep{k}"').replace('"Joel"', f'"Rep {k}"'))
    return file


def grown(bench, size, live):
    store = f"{bench.work}/{size}-{live}.db"
    print(f"making {size} contacts, {live} of them in live outreaches", flush=True)
    make_store(bench, store, live, size, each_their_rep=True)
    config = many_reps(bench, size)
    env = bench.env(f"sqlite:{store}")
    def token(name, *whose):
        return subprocess.run([f"{BUILD}/warmcall", "token", "create", name, *whose, "--config", config], env=env, check=True,
                              capture_output=True, text=True).stdout.split()[-1]
    joels, everybodys = token("joel", "--rep", "joel"), token("everybody")
    bytes_each = os.path.getsize(store) / size
    webhooks = Webhooks(store)
    gateway = bench.gateway(env, config)
    rows = [bench.wrk(env["BENCH_URL"], webhooks.write(f"{bench.work}/events", 25_000 * SECONDS), gateway.pid, SECONDS)]
    print(f"    {bytes_each:.0f} bytes a contact in the file, the Today page in {page_ms(env, joels, '/api/v1/today'):.1f} ms, "
          f"a search in {page_ms(env, everybodys, '/api/v1/contacts?search=' + measure.phone(size // 2)):.1f} ms", flush=True)
    bench.stop(gateway)
    for end in ("", "-wal", "-shm", ".lock"):
        if os.path.exists(store + end):
            os.remove(store + end)
    return rows


with Bench("grow") as bench:
    first = {}
    for size in SIZES:
        for how, live in (("1 % live", max(10_000, size // 100)), ("all live", size)):
            name = f"{size} contacts, {how}"
            bench.add(name, "updates/s", first.setdefault(how, name), grown(bench, size, live))
    bench.show()
