// The real binary and the real sandbox as processes on loopback, each test with its own folder, ports and secrets.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const number_id = "300000000000002";
export const config = join(root, "tests/process/process.toml"); // a town may have its own
const binary = process.env.WARMCALL ?? join(root, "build/release/warmcall");

// Below the ports that the kernel gives to outgoing connections and to listeners that ask for any: one of those could
// take it between here and the start of whoever is to have it.
export const free_port = () =>
    new Promise((found) => {
        const port = 12_000 + Math.floor(Math.random() * 20_000);
        const probe = createServer()
            .on("error", () => found(free_port()))
            .listen(port, "127.0.0.1", () => probe.close(() => found(port)));
    });

// Asks until the answer is yes; the words say what was waited for.
export async function until(what, words, patience_ms = 30_000) {
    for (const end = Date.now() + patience_ms; Date.now() < end; ) {
        const found = await what();
        if (found) return found;
        await new Promise((turn) => setTimeout(turn, 20));
    }
    assert.fail(`waited in vain: ${words}`);
}

// Whoever does not end when asked to is ended, and the test is told.
async function ended_in_time(child, patience_ms = 20_000) {
    const late = new Promise((_, no) => setTimeout(no, patience_ms).unref());
    await Promise.race([child.ended, late]).catch((reason) => {
        child.kill("SIGKILL");
        throw reason;
    });
}

export class Town {
    // TEST_STORE=postgresql: on a cluster of its own instead of a file.
    static async make({ webhook, store } = {}) {
        const town = new Town();
        if (!store && process.env.TEST_STORE === "postgresql") {
            town.cluster = new (await import("./postgres_cluster.mjs")).Cluster();
            store = town.cluster.create("warmcall");
        }
        const [gateway, sandbox] = [await free_port(), await free_port()];
        const secret = () => randomBytes(16).toString("hex");
        town.folder = mkdtempSync(join(tmpdir(), "warmcall-process-"));
        town.secret = secret();
        town.token_secret = secret();
        town.verify = secret();
        town.url = `http://127.0.0.1:${gateway}`;
        town.sandbox_url = `http://127.0.0.1:${sandbox}`;
        town.webhook = webhook ?? `${town.url}/webhooks/main`;
        town.ledger_file = join(town.folder, "ledger.jsonl");
        town.env = {
            ...process.env,
            TEST_LOG_LEVEL: "warn",
            WARMCALL_LISTEN: `127.0.0.1:${gateway}`,
            WARMCALL_URL: town.url,
            WARMCALL_STORE: store ?? `sqlite:${town.folder}/warmcall.db`,
            SANDBOX_URL: town.sandbox_url,
            TEST_ACCESS_TOKEN: town.token_secret,
            TEST_APP_SECRET: town.secret,
            TEST_VERIFY_TOKEN: town.verify,
        };
        town.children = [];
        return town;
    }

    spawn(args) {
        const child = spawn(binary, [...args, "--config", this.config ?? config], { cwd: root, env: this.env, stdio: ["ignore", "ignore", "pipe"] });
        child.words = "";
        child.stderr.on("data", (data) => (child.words = (child.words + data).slice(-20_000)));
        child.ended = new Promise((done) => child.on("exit", (code, signal) => done({ code, signal })));
        this.children.push(child);
        return child;
    }

    async start_sandbox() {
        this.sandbox = this.spawn(["sandbox", "--ledger", this.ledger_file, "--webhook", this.webhook]);
        await until(() => fetch(`${this.sandbox_url}/_control/clock`).then((r) => r.ok, () => false), "the sandbox");
    }

    // Milliseconds from the process's start to /readyz.
    async start_gateway() {
        const begun = performance.now();
        this.gateway = this.spawn(["serve"]);
        await until(() => {
            assert.equal(this.gateway.exitCode, null, `the gateway ended: ${this.gateway.words}`);
            return fetch(`${this.url}/readyz`).then((r) => r.ok, () => false);
        }, "the gateway");
        return performance.now() - begun;
    }

    make_token() {
        this.token = execFileSync(binary, ["token", "create", "test", "--config", this.config ?? config], { cwd: root, env: this.env, stdio: ["ignore", "pipe", "ignore"] })
            .toString()
            .trim();
    }

    async api(method, path, body, headers = {}) {
        const response = await fetch(`${this.url}/api/v1${path}`, {
            method,
            headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json", ...headers },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        return { status: response.status, body: await response.json().catch(() => null) };
    }

    async control(path, body) {
        const response = await fetch(`${this.sandbox_url}/_control/${path}`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(body),
        });
        assert.ok(response.ok, `${path}: ${response.status} ${await response.clone().text()}`);
        return response.json();
    }

    // A contact who agreed, enrolled in the short cadence.
    add(name, phone, extra = {}, headers = {}) {
        return this.api("POST", "/contacts", {
            name,
            phone,
            rep: "joel",
            language: "en",
            cadence: "short",
            consent: { source: "signup form", at: "2026-01-05T10:00:00Z", text: "You may write to me" },
            ...extra,
        }, headers);
    }

    ledger() {
        return readFileSync(this.ledger_file, "utf8")
            .split("\n")
            .slice(0, -1) // the last line may be half written
            .filter(Boolean)
            .map((line) => JSON.parse(line));
    }

    sign(body) {
        return `sha256=${createHmac("sha256", this.secret).update(body).digest("hex")}`;
    }

    post(body, signature = this.sign(body), type = "application/json") {
        return fetch(`${this.url}/webhooks/main`, { method: "POST", headers: { "content-type": type, "x-hub-signature-256": signature }, body });
    }

    async close() {
        for (const child of this.children) {
            if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
        }
        const stuck = [];
        await Promise.all(this.children.map((child) => ended_in_time(child).catch(() => stuck.push(child.spawnargs[1]))));
        this.cluster?.close();
        rmSync(this.folder, { recursive: true, force: true });
        assert.deepEqual(stuck, [], "did not end when asked to");
    }
}

// Meta writes non-ASCII characters as \\uXXXX escapes in lower case, and signs that.
const as_meta_writes = (value) => JSON.stringify(value).replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

// A reply as Meta posts it.
export function reply_body(phone, id, text) {
    const wa_id = phone.slice(1);
    return as_meta_writes({
        object: "whatsapp_business_account",
        entry: [{
            id: "200000000000001",
            changes: [{
                field: "messages",
                value: {
                    messaging_product: "whatsapp",
                    metadata: { display_phone_number: "12025550101", phone_number_id: number_id },
                    contacts: [{ profile: { name: "Someone" }, wa_id }],
                    messages: [{ from: wa_id, id, timestamp: String(Math.floor(Date.now() / 1000)), type: "text", text: { body: text } }],
                },
            }],
        }],
    });
}
