#!/usr/bin/env python3
"""README's table of providers and features: every column is a provider, every mark a note, every note a test in the tree."""
import pathlib, re, sys

root = pathlib.Path(__file__).resolve().parents[2]
section = re.search(r"^## Providers$(.*?)^## ", (root / "README.md").read_text(), re.S | re.M)
wrong = [] if section else ["README.md has no section \"Providers\""]
text = section[1] if section else ""

rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
providers = re.findall(r"`(\w+)`", " ".join(rows[0])) if rows else []
declared = re.search(r"extern const Provider ([^;]+);", (root / "bot/providers/registry.cpp").read_text())
registered = set(re.findall(r"\w+", declared[1])) if declared else set()
if set(providers) != registered:
    wrong.append(f"the columns are {sorted(providers)}, the providers are {sorted(registered)}")

notes = {letter: (file, name) for letter, file, name in re.findall(r"^- ([a-z])\. `([^`]+)`: (.+)$", text, re.M)}
used = set()
for row in rows[2:]:
    if len(row) != len(rows[0]):
        wrong.append(f"the row \"{row[0]}\" has {len(row)} cells instead of {len(rows[0])}")
    for cell in row[1:]:
        marks = cell.split()
        if not marks:
            wrong.append(f"the row \"{row[0]}\" has an empty cell: a note, or – where there is nothing")
        used |= {mark for mark in marks if mark != "–"}
for letter in sorted(used ^ set(notes)):
    wrong.append(f"{letter}: {'has no note' if letter in used else 'stands in no cell'}")
for letter, (file, name) in sorted(notes.items()):
    path = root / file
    if not path.is_file():
        wrong.append(f"{letter}: there is no {file}")
    elif not re.search(r"(TEST_CASE|test)\(\s*[\"`]" + re.escape(name) + r"[\"`]", path.read_text()):
        wrong.append(f"{letter}: {file} has no test \"{name}\"")
print("\n".join(wrong) if wrong else f"{len(notes)} notes, each a test")
sys.exit(bool(wrong))
