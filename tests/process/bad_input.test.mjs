// What comes in wrong: each a clear answer, nothing lost, nothing half-done, and the gateway goes on serving.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { config, reply_body, root, Town, until } from "./support.mjs";

const binary = process.env.WARMCALL ?? join(root, "build/release/warmcall");
let town, id;

before(async () => {
    town = await Town.make();
    await town.start_sandbox();
    await town.start_gateway();
    town.make_token();
    const { status, body } = await town.add("Ana Moreau", "+61491570156");
    assert.equal(status, 201);
    id = body.id ?? body.contact.id;
});
after(() => town?.close());

const words_of = async () => (await town.api("GET", `/contacts/${id}/conversation`)).body.items.filter((i) => i.from_contact).map((i) => i.text);

test("forged, unsigned and truncated webhooks are turned away and change nothing", async () => {
    const body = reply_body("+61491570156", "wamid.FORGED", "forged words");
    assert.equal((await town.post(body, `sha256=${"0".repeat(64)}`)).status, 401);
    assert.equal((await town.post(body, "")).status, 401);
    assert.equal((await town.post(body.slice(0, -20), town.sign(body))).status, 401, "cut on the way");
    assert.deepEqual(await words_of(), []);
});

test("what is signed and cannot be read is kept raw, answered 200, and counted", async () => {
    for (const body of ['{"object":"whatsapp_business_account","entry":[', "not json at all", "[".repeat(50_000) + "]".repeat(50_000), "{}", "null"]) {
        assert.equal((await town.post(body)).status, 200, body.slice(0, 40));
    }
    const metrics = await (await fetch(`${town.url}/metrics`)).text();
    assert.match(metrics, /quarantin/i);
    assert.match(metrics.split("\n").find((l) => /quarantin/.test(l) && !l.startsWith("#")), /[1-9]\d*$/);
});

test("too large is said before the body is read; another content type of a signed webhook is still heard", async () => {
    const huge = JSON.stringify({ object: "x".repeat(4 * 1024 * 1024) });
    const status = await town.post(huge).then((r) => r.status, () => "closed");
    assert.ok(status === 413 || status === "closed", String(status));
    assert.equal((await town.post(reply_body("+61491570156", "wamid.TYPE", "typed oddly"), undefined, "text/plain")).status, 200);
    assert.deepEqual(await words_of(), ["typed oddly"]);
    assert.equal((await fetch(`${town.url}/webhooks/nobody`, { method: "POST", body: "{}" })).status, 404, "an unknown channel");
    assert.equal((await town.post(reply_body("+61491570199", "wamid.STRANGER", "who are you"))).status, 200, "a stranger");
});

test("every mistake in the configuration is named by file and line", () => {
    const folder = join(town.folder, "typos");
    mkdirSync(folder);
    const text = readFileSync(join(root, "tests/process/process.toml"), "utf8")
        .replaceAll("../../", `${root}/`)
        .replace('cadences = "cadences"', `cadences = "${root}/tests/process/cadences"`);
    writeFileSync(join(folder, "a.toml"), text.replace("listen =", "lisen =").replace('zone = "Australia/Sydney"', 'zone = "Australia/Sidney"'));
    const check = spawnSync(binary, ["check", "--offline", "--config", join(folder, "a.toml")], { env: town.env, encoding: "utf8" });
    assert.equal(check.status, 1);
    const said = check.stdout + check.stderr;
    assert.match(said, /a\.toml:\d+.*lisen/);
    assert.match(said, /a\.toml:\d+.*Sidney/);
    assert.equal(spawnSync(binary, ["serve", "--config", join(folder, "none.toml")], { env: town.env }).status, 1);
    assert.equal(spawnSync(binary, ["serve", "--confg", "x"], { env: town.env }).status, 2, "called wrongly");
});

test("a channel whose sender is a name is warned about: nobody can answer it", () => {
    const file = join(town.folder, "name.toml");
    const text = readFileSync(join(root, "tests/process/process.toml"), "utf8")
        .replaceAll("../../", `${root}/`)
        .replace('cadences = "cadences"', `cadences = "${root}/tests/process/cadences"`);
    const env = { ...town.env, KANNEL_PASSWORD: "invented", KANNEL_SECRET: "invented-and-long-enough" };
    const check = (from) => {
        writeFileSync(file, `${text}
[[channel]]
id = "gateway"
provider = "kannel"
base_url = "http://127.0.0.1:1"
username = "warmcall"
password = "env:KANNEL_PASSWORD"
webhook_secret = "env:KANNEL_SECRET"
from = "${from}"
`);
        return spawnSync(binary, ["check", "--offline", "--config", file], { env, encoding: "utf8" }).stdout;
    };
    assert.match(check("Kestrel"), /! channel +gateway: from is a name, so nobody can answer its texts or say STOP/);
    assert.doesNotMatch(check("+12025550101"), /from is a name/);
});

test("a template with a variable nobody fills, or with business in it, stops a cadence before it starts", () => {
    const templates = join(town.folder, "templates");
    cpSync(join(root, "templates"), templates, { recursive: true });
    const config = join(town.folder, "t.toml");
    const text = readFileSync(join(root, "tests/process/process.toml"), "utf8")
        .replace('templates = "../../templates"', `templates = "${templates}"`)
        .replaceAll("../../", `${root}/`)
        .replace('cadences = "cadences"', `cadences = "${root}/tests/process/cadences"`);
    writeFileSync(config, text);
    const wellbeing = join(templates, "en/wellbeing.txt");
    const good = readFileSync(wellbeing, "utf8");
    for (const [bad, expected] of [
        [good.replace("{{name}}", "{{nmae}}"), /nmae/],
        [`${good.trimEnd()} Get 20% off today: https://example.com\n`, /wellbeing/],
    ]) {
        writeFileSync(wellbeing, bad);
        const check = spawnSync(binary, ["check", "--offline", "--config", config], { env: town.env, encoding: "utf8" });
        assert.equal(check.status, 1, check.stdout + check.stderr);
        assert.match(check.stdout + check.stderr, expected);
    }
});

test("contacts with broken quotes, odd encodings and bad numbers: every row has its verdict and nothing is half-imported", async () => {
    const file = join(town.folder, "c.csv");
    const run = (text, ...more) => {
        writeFileSync(file, text);
        const words = ["import", file, "--config", join(root, "tests/process/process.toml"), "--rep", "joel", "--rejects", join(town.folder, "rejects.csv"), ...more];
        return new Promise((done) => execFile(binary, words, { cwd: root, env: town.env, maxBuffer: 64e6 },
            (error, stdout, stderr) => done({ status: error ? error.code : 0, stdout, stderr })));
    };
    const broken = await run('name,phone\n"Ana,+61491570157\nBen,+61491570158\n');
    assert.equal(broken.status, 1);
    assert.match(broken.stdout + broken.stderr, /line 2/i);
    const mixed = await run("name,phone\nZoë,+61491570157\nBad,12\nAna again,+61491570156\n", "--dry-run");
    assert.match(mixed.stdout + mixed.stderr, /1 (would be |can be |)?.*import|1 good|1 would/i);
    const latin = await run(Buffer.from("name;phone\nZo\xeb;+61491570159\n", "latin1"));
    assert.equal(latin.status, 0, latin.stdout + latin.stderr);
    const many = ["name,phone"];
    for (let n = 0; n < 100_000; ++n) many.push(`Person ${n},+6142${String(1_000_000 + n).padStart(7, "0")}`);
    const begun = performance.now();
    const all = await run(many.join("\n"));
    assert.equal(all.status, 0, (all.stdout + all.stderr).slice(-400));
    console.log(`100,000 rows in ${Math.round(performance.now() - begun)} ms: ${(all.stdout + all.stderr).trim().split("\n").at(-1)}`);
});

test("a rehearsal takes the rows that an import would take, and says of the others why not", () => {
    const file = join(town.folder, "rehearsal.csv");
    const rehearse = (...rows) => {
        writeFileSync(file, ["name,phone,consent_source,consent_at,consent_text", ...rows, ""].join("\n"));
        return spawnSync(binary, ["simulate", "--config", config, "--contacts", file, "--days", "2", "--cadence", "short"], { env: town.env, encoding: "utf8" });
    };
    const some = rehearse("Ana,+61491570156,at the counter,2026-10-01,You may write", "Bo,+61491570157,at the counter,2999-10-01,You may write");
    assert.equal(some.status, 0, some.stderr);
    assert.match(some.stdout, /Ana/);
    assert.match(some.stderr, /1 rows are left out; line 3: consent.at: lies in the future/);
    const none = rehearse("Bo,12,,,");
    assert.equal(none.status, 1);
    assert.match(none.stderr, /no row can be used; line 2: phone/);
});

test("after all of that it still serves, and stops cleanly", async () => {
    assert.equal((await fetch(`${town.url}/readyz`)).status, 200);
    assert.equal((await town.post(reply_body("+61491570156", "wamid.LAST", "still there?"))).status, 200);
    await until(async () => (await words_of()).includes("still there?"), "the last words");
    town.gateway.kill("SIGTERM");
    assert.deepEqual(await town.gateway.ended, { code: 0, signal: null });
});
