#!/usr/bin/env python3
"""Who may include whom (DESIGN.md 4), read from the include lines of bot/."""
import pathlib, re, sys

root = pathlib.Path(__file__).resolve().parents[2] / "bot"
adapters = {"providers", "notifiers", "store", "net"}
may = {
    "support": set(),
    "core": {"support"},
    "ports": {"core", "support"},
    "engine": {"ports", "core", "support"},
    "simulator": {"engine", "ports", "core", "support"},
    "providers": {"ports", "core", "support"},
    "notifiers": {"ports", "core", "support"},
    "store": {"ports", "core", "support"},
    "net": {"ports", "core", "support"},
    "settings": {"providers", "notifiers", "ports", "core", "support"},
    "console": {"support"},
    "web": {"engine", "net", "console", "ports", "core", "support"},
    "sandbox": {"net", "ports", "support"},
}
# The sandbox is the judge: of the core it may use the clock's words alone.
exceptions = {("sandbox", "core/time.hpp"), ("sandbox", "core/ids.hpp")}

wrong = []
for file in sorted(root.rglob("*.?pp")):
    part = file.relative_to(root).parts[0]
    if part not in may or "node_modules" in file.parts:
        continue
    for number, line in enumerate(file.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+"([a-z_]+)/([^"]+)"', line)
        if not found:
            continue
        other, path = found[1], f"{found[1]}/{found[2]}"
        if other != part and other in may and other not in may[part] and (part, path) not in exceptions:
            wrong.append(f"{file.relative_to(root.parent)}:{number}: {part} includes {path}")
        if part == "sandbox" and other == "ports" and found[2] in {"provider.hpp", "store.hpp", "notifier.hpp"}:
            wrong.append(f"{file.relative_to(root.parent)}:{number}: the sandbox shares nothing with the gateway, and includes {path}")
print("\n".join(wrong) if wrong else "every include keeps to the layout")
sys.exit(bool(wrong))
