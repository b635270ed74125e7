"""What the benchmarks share: stores with many contacts, signed webhooks, the gateway as a process, and how results are shown."""
import hashlib, hmac, json, os, random, shutil, socket, sqlite3, statistics, subprocess, sys, tempfile, time, urllib.request

BUILD = os.environ.get("BENCH_BUILD", "build/release")
OUT = os.environ.get("BENCH_OUT", "build/bench.jsonl")
CONFIG = "tests/bench/bench.toml"
SECRET = "bench secret"
ROUNDS = 3


def number(name, usual):
    return int(os.environ.get(name, usual))


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


class Bench:
    """A folder and the processes of one benchmark; both are gone afterwards."""

    def __init__(self, name):
        self.name, self.started, self.rows = name, [], []

    def __enter__(self):
        self.work = os.path.abspath(tempfile.mkdtemp(prefix=f"warmcall-{self.name}-", dir="build"))
        return self

    def __exit__(self, *_):
        for process in self.started:
            self.stop(process)
        shutil.rmtree(self.work, ignore_errors=True)

    def env(self, store, **more):
        port = free_port()
        return dict(os.environ, BENCH_STORE=store, BENCH_SECRET=SECRET, BENCH_LISTEN=f"127.0.0.1:{port}",
                    BENCH_URL=f"http://127.0.0.1:{port}", BENCH_PROVIDER="http://127.0.0.1:9", **more)

    def start(self, *command, **more):
        process = subprocess.Popen(command, **more)
        self.started.append(process)
        return process

    def stop(self, process):
        if process.poll() is None:
            process.terminate()
            process.wait(60)

    def gateway(self, env, config=CONFIG):
        log = f"{self.work}/serve.log"
        process = self.start(f"{BUILD}/warmcall", "serve", "--config", config, env=env, stderr=open(log, "a"))
        for _ in range(12_000):
            try:
                urllib.request.urlopen(env["BENCH_URL"] + "/readyz", timeout=1)
                return process
            except OSError:
                if process.poll() is not None:
                    break
                time.sleep(0.005)
        sys.exit("bench: the gateway did not start: " + open(log).read()[-500:])

    def wrk(self, url, file, pid, seconds, connections=64, rate=None):
        before = cpu_seconds(pid)
        text = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", "tests/bench/tools/post.lua",
                               url, "--", file, *([str(rate)] if rate else [])], capture_output=True, text=True, check=True).stdout
        line = next(l for l in text.splitlines() if l.startswith("RESULT"))
        n, micros, p50, p99, refused = (int(x) for x in line.split()[1:])
        return {"value": n / (micros / 1e6), "p50_ms": p50 / 1000, "p99_ms": p99 / 1000,
                "cpu_us_per_item": (cpu_seconds(pid) - before) * 1e6 / max(n, 1), "rss_mib": rss_mib(pid), "refused": refused}

    def add(self, variant, unit, baseline, measured):
        """`measured`: one row a round; `baseline`: the variant that ratios go by."""
        middle = {key: statistics.median(row.get(key, 0) for row in measured)
                  for key in ("value", "p50_ms", "p99_ms", "cpu_us_per_item", "rss_mib")}
        spread = [row["value"] for row in measured]
        self.rows.append({"bench": self.name, "variant": variant, "unit": unit, "baseline": baseline, **middle,
                          "noisy": max(spread) > 1.5 * min(spread), "refused": sum(row.get("refused", 0) for row in measured)})

    def show(self):
        values = {row["variant"]: row["value"] for row in self.rows}
        print(f"\n{self.name:34} {'':>12} {'':12} {'ratio':>7} {'p50 ms':>8} {'p99 ms':>8} {'CPU us':>8} {'RSS MiB':>8}")
        with open(OUT, "a") as out:
            for row in self.rows:
                row["ratio"] = row["value"] / values[row["baseline"]] if values.get(row["baseline"]) else 0
                out.write(json.dumps(row) + "\n")
                print(f"{row['variant']:34} {row['value']:12.1f} {row['unit']:12} {row['ratio']:7.2f} {row['p50_ms']:8.2f} "
                      f"{row['p99_ms']:8.2f} {row['cpu_us_per_item']:8.1f} {row['rss_mib']:8.1f}")
        for row in self.rows:
            if row["noisy"]:
                print(f"The machine was too noisy to tell of \"{row['variant']}\": its rounds differ by more than half.")
            if row["refused"]:
                print(f"{row['refused']} answers of \"{row['variant']}\" were not 200.")


# ---------------------------------------------------------------- stores

BASE = 1_000  # of these many contacts, made through the door, the others are copies


def make_store(bench, file, live, contacts=0, state="warming", each_their_rep=False):
    """`live` contacts in live outreaches, and others without any, up to `contacts`: multiples of BASE. Copied rows are what
    makes ten million contacts in minutes; each has the numbers, tokens and ids of its own that a real one has. All of them are
    Joel's, or each BASE contacts have a rep of their own: rep1, rep2, and so on."""
    subprocess.run([f"{BUILD}/prepare", CONFIG, str(BASE), state], env=bench.env(f"sqlite:{file}"), check=True)
    db = sqlite3.connect(file, isolation_level=None)
    for pragma in ("synchronous = OFF", "cache_size = -2000000", "temp_store = MEMORY"):
        db.execute(f"PRAGMA {pragma}")
    people, cases = ("consent", "contact", "address"), ("outreach", "wake", "outbox", "event_log")
    for table in (*people, *cases):
        db.execute(f"CREATE TEMP TABLE base_{table} AS SELECT * FROM {table}")
    db.execute("BEGIN")
    for table in (*people, *cases):
        copy_rows(db, table, 1, live // BASE, each_their_rep)
    db.execute("UPDATE base_contact SET last_line = NULL, last_wellbeing_at = NULL")
    for table in people:
        copy_rows(db, table, live // BASE, contacts // BASE, each_their_rep)
    db.execute("UPDATE tally SET n = n * ?", (live // BASE,))
    db.execute("""INSERT INTO contact_search (rowid, words)
                  SELECT c.id, (SELECT group_concat(a.value, ' ') FROM address a WHERE a.contact_id = c.id) || ' ' || c.name_folded
                  FROM contact c WHERE c.id > ?""", (BASE,))
    db.execute("COMMIT")
    db.close()
    os.sync()  # or the disk is still busy with it while the first seconds are measured


def copy_rows(db, table, first, end, each_their_rep):
    """The base rows once for each k in [first, end), with every number moved on by k times as many."""
    lines = db.execute("SELECT max(id) FROM base_event_log").fetchone()[0]
    line, moved = f"t.{{}} + k * {lines}", f"t.{{}} + k * {BASE}"
    digits = f"(919810000000 + t.contact_id + k * {BASE})"
    known = {"id": line if table == "event_log" else moved, "contact_id": moved, "outreach_id": moved, "consent_id": moved,
             "last_line": line, "prior": line, "token": "iif(t.{} IS NULL, NULL, randomblob(16))",
             "provider_id": f"iif(t.{{}} IS NULL, NULL, 'wamid.BENCH' || (t.contact_id + k * {BASE}))",
             "to_value": f"iif(t.to_kind = 'phone', '+', '') || {digits}",
             "value": f"CASE t.kind WHEN 'phone' THEN '+' WHEN 'whatsapp_user' THEN 'IN.WARM' ELSE '' END || {digits}"}
    if each_their_rep:
        known |= {"owner": "'rep' || k", "next_owner": "'rep' || k"}
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    values = [known.get(column, "t.{}").format(column) for column in columns]
    db.execute(f"""INSERT INTO {table} ({", ".join(columns)})
                   WITH RECURSIVE times(k) AS (SELECT {first} WHERE {first} < {end} UNION ALL SELECT k + 1 FROM times WHERE k + 1 < {end})
                   SELECT {", ".join(values)} FROM times CROSS JOIN base_{table} t""")


# ---------------------------------------------------------------- webhooks


def phone(contact):
    return str(919810000000 + contact)


def signed(body):
    return f"sha256={hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()}\t{body}\n"


def envelope(members):
    return ('{"object":"whatsapp_business_account","entry":[{"id":"200000000000001","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",'
            '"metadata":{"display_phone_number":"12025550101","phone_number_id":"300000000000002"},' + members + "}}]}]}")


def status(contact, token, kind, at):
    return (f'{{"id":"wamid.BENCH{contact}","status":"{kind}","timestamp":"{at}","recipient_id":"{phone(contact)}",'
            f'"biz_opaque_callback_data":"wc1.{token}",'
            '"pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"marketing"}}')


def reply(contact, n, at):
    return (f'"contacts":[{{"profile":{{"name":"Contact"}},"wa_id":"{phone(contact)}"}}],"messages":[{{"from":"{phone(contact)}",'
            f'"id":"wamid.HBgLOTE5ODc2NTAwMDAyFQ{n}","timestamp":"{at}","type":"text","context":{{"from":"12025550101",'
            f'"id":"wamid.BENCH{contact}"}},"text":{{"body":"Doing well, thank you for asking! We had the whole family here over the weekend and '
            'the children start school again on Monday, so it is a little quieter now."}}]')


class Webhooks:
    """Files of signed POSTs for wrk: 60 % statuses and 40 % replies of the live contacts in no order. A file begins with one
    kind of status for everybody, and another than the file before: so every update tells something new, as in life."""

    kinds = ("delivered", "read", "sent")

    def __init__(self, store):
        db = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
        self.tokens = db.execute("SELECT contact_id, lower(hex(token)) FROM outbox WHERE token IS NOT NULL ORDER BY contact_id").fetchall()
        db.close()
        self.chance, self.n, self.at = random.Random(1), 0, int(time.time())

    def write(self, file, posts, batch=1, replies_only=False):
        told = self.told()
        with open(file, "w") as out:
            for i in range(posts):
                at = self.at + i // 5_000
                try:
                    if batch == 1 and (replies_only or self.chance.random() >= 0.6):
                        body = envelope(reply(self.chance.choice(self.tokens)[0], f"{self.n}-{i}", at))
                    else:
                        body = envelope('"statuses":[' + ",".join(status(*next(told), at) for _ in range(batch)) + "]")
                except (StopIteration, RuntimeError):
                    break  # everybody has had all of theirs
                out.write(signed(body))
        self.n += 1
        return file

    def told(self):
        for k in range(3):
            self.chance.shuffle(self.tokens)
            for contact, token in self.tokens:
                yield contact, token, self.kinds[(self.n + k) % 3]
