// A disk that is full, on a real file system of a few megabytes: 503 and a plain word in the log, reads go on, nothing that was
// acknowledged is lost, and it goes on by itself once there is room. Needs root for the mount; without it, it says so and fails.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { reply_body, Town, until } from "./support.mjs";

let town, disk;

before(async () => {
    town = await Town.make();
    disk = join(town.folder, "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", disk]);
    town.env.WARMCALL_STORE = `sqlite:${disk}/warmcall.db`;
    await town.start_sandbox();
    await town.start_gateway();
    town.make_token();
});
after(async () => {
    for (const child of town.children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await Promise.all(town.children.map((child) => child.ended));
    if (existsSync(disk)) execFileSync("umount", [disk]);
    rmSync(town.folder, { recursive: true, force: true });
});

test("on a full disk nothing acknowledged is lost, and the gateway recovers by itself", async () => {
    const { body } = await town.add("Ana Moreau", "+61491570156");
    const id = body.id ?? body.contact.id;
    const said = [];
    let refused = 0;
    const filler = join(disk, "filler");
    writeFileSync(filler, Buffer.alloc(6 * 1024 * 1024));
    const long = "x".repeat(1500);
    for (let n = 0; n < 4000 && refused < 20; ++n) {
        const words = `${n} ${long}`;
        const response = await town.post(reply_body("+61491570156", `wamid.FULL${n}`, words));
        if (response.status === 200) said.push(words);
        else {
            assert.equal(response.status, 503);
            ++refused;
        }
    }
    assert.equal(refused, 20, "the disk filled up");
    assert.equal((await town.api("GET", `/contacts/${id}`)).status, 200, "reads go on");
    assert.equal((await fetch(`${town.url}/healthz`)).status, 200, "it is alive");
    assert.equal((await fetch(`${town.url}/readyz`)).status, 503, "and says that it cannot take work");
    assert.match(town.gateway.words, /full/, "the log says why");
    rmSync(filler);
    await until(async () => (await town.post(reply_body("+61491570156", `wamid.AFTER${Date.now()}`, "after"))).status === 200, "recovery");
    await until(async () => (await fetch(`${town.url}/readyz`)).status === 200, "ready again");
    const kept = new Set((await town.api("GET", `/contacts/${id}/conversation?limit=200`)).body.items.map((i) => i.text));
    for (const words of said.slice(-100)) assert.ok(kept.has(words), `acknowledged and gone: ${words.slice(0, 10)}`);
    console.log(`${said.length} replies acknowledged before the disk was full, ${refused} refused, all of the last 100 kept`);
});
