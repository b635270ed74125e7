#!/usr/bin/env python3
"""Simulated outreach-days a second of `warmcall simulate`: the real engine, store and provider under a virtual clock."""
import os, subprocess, time

import measure
from measure import BUILD, CONFIG, ROUNDS, Bench

CONTACTS, DAYS = measure.number("BENCH_CONTACTS", 500), 30

with Bench("simulate") as bench:
    file = f"{bench.work}/contacts.csv"
    with open(file, "w") as out:
        out.write("name,phone,language,time_zone,topic,consent_source,consent_at,consent_text\n")
        out.writelines(f"Contact {i},+{measure.phone(i)},en,Asia/Kolkata,the new shop,benchmark,2026-10-01,You may write to me on WhatsApp\n" for i in range(1, CONTACTS + 1))
    rows = {"no faults": [], "with faults": []}
    for r in range(ROUNDS):
        for name, more in (("no faults", []), ("with faults", ["--faults"])):
            before, begun = os.times(), time.monotonic()
            subprocess.run([f"{BUILD}/warmcall", "simulate", "--config", CONFIG, "--contacts", file, "--days", str(DAYS), "--seed", str(r + 1), *more],
                           env=bench.env("sqlite:none"), stdout=subprocess.DEVNULL, check=True)
            took, cpu = time.monotonic() - begun, os.times().children_user - before.children_user
            rows[name].append({"value": CONTACTS * DAYS / took, "cpu_us_per_item": cpu * 1e6 / (CONTACTS * DAYS)})
    for name, measured in rows.items():
        bench.add(name, "days/s", "no faults", measured)
    bench.show()
