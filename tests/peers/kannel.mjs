// A throw-away Kannel: bearerbox, smsbox and its own fake operator (Debian's kannel and kannel-extras), on free ports, its files in
// one folder.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { free_port, until } from "../process/support.mjs";

const fakesmsc = "/usr/lib/kannel/test/fakesmsc";

const listens = (port) =>
    new Promise((answer) => {
        const socket = connect(port, "127.0.0.1", () => (socket.destroy(), answer(true)));
        socket.on("error", () => answer(false));
    });

const utf16_bytes = (text) => Buffer.from(text, "utf16le").swap16();
const escaped = (bytes) => [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");

// "%09(%00+" as fakesmsc prints it: bytes, some of them written plainly.
function bytes_of(printed) {
    const bytes = [];
    for (let i = 0; i < printed.length; ++i) {
        if (printed[i] === "%") {
            bytes.push(parseInt(printed.slice(i + 1, i + 3), 16));
            i += 2;
        } else {
            bytes.push(printed[i] === "+" ? 0x20 : printed.charCodeAt(i));
        }
    }
    return Buffer.from(bytes);
}

// Parts of a longer text are "data": UCS-2 shows by its zero bytes and escapes.
const text_of = (kind, body) => (kind === "ucs-2" || (kind === "data" && body.includes("%")) ? bytes_of(body).swap16().toString("utf16le") : body);

export class Kannel {
    // The user is who may send; incoming texts go to get_url, which has Kannel's own escapes in it.
    static async start({ folder, user, password, get_url }) {
        assert.ok(existsSync(fakesmsc), "Debian's kannel and kannel-extras are installed (scripts/setup --tests)");
        const kannel = new Kannel();
        const [admin, boxes, operator, sendsms] = [await free_port(), await free_port(), await free_port(), await free_port()];
        Object.assign(kannel, { folder, boxes, operator, sendsms, children: [], arrived: [], parts: {}, url: `http://127.0.0.1:${sendsms}` });
        kannel.config = join(folder, "kannel.conf");
        writeFileSync(kannel.config, `
group = core
admin-port = ${admin}
admin-password = ${password}
smsbox-port = ${boxes}
log-level = 2
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = fake
port = ${operator}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = ${sendsms}
sendsms-interface = "127.0.0.1"
log-level = 2

group = sendsms-user
username = ${user}
password = ${password}
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = yes
get-url = "${get_url}"
max-messages = 0
omit-empty = true
`);
        kannel.spawn("/usr/sbin/bearerbox", [kannel.config]);
        await until(() => listens(boxes), "bearerbox");
        await kannel.connect_operator();
        kannel.spawn("/usr/sbin/smsbox", [kannel.config]);
        await until(() => listens(sendsms), "smsbox");
        return kannel;
    }

    spawn(program, args, stdin = "ignore") {
        const child = spawn(program, args, { cwd: this.folder, stdio: [stdin, "pipe", "pipe"] });
        child.stdout.resume(); // Kannel talks a lot: a full pipe would stop it in the middle of a message
        child.stderr.resume();
        child.ended = new Promise((done) => child.on("exit", done));
        this.children.push(child);
        return child;
    }

    // Kannel's fake operator: what is typed into it comes in as an SMS, and it prints what went out.
    async connect_operator() {
        await until(() => listens(this.operator), "the operator's port");
        this.fake = this.spawn(fakesmsc, ["-H", "127.0.0.1", "-r", String(this.operator)], "pipe");
        let printed = "";
        this.fake.stderr.on("data", (data) => {
            printed += data;
            const lines = printed.split("\n");
            printed = lines.pop();
            for (const line of lines) this.take(line);
        });
    }

    // "Got message 2: <+12025550103 +61491570156 ucs-2 %09(…>"; a part of a longer text is "udh %05%00%03… data …".
    take(line) {
        const found = line.match(/Got message \d+: <(\S+) (\S+) (\S+) (.*)>$/);
        if (!found) return;
        const [, from, to, kind, body] = found;
        if (kind !== "udh") return void this.arrived.push({ from, to, text: text_of(kind, body) });
        const [header, inner, ...words] = body.split(" ");
        const [, , , reference, total, place] = bytes_of(header);
        const parts = (this.parts[`${to} ${reference}`] ??= []);
        parts[place - 1] = text_of(inner, words.join(" "));
        if (Object.keys(parts).length < total) return;
        delete this.parts[`${to} ${reference}`]; // references come round again
        this.arrived.push({ from, to, text: parts.join("") });
    }

    // Somebody writes an SMS.
    write(from, to, text) {
        this.fake.stdin.write(`${from} ${to} ucs2 ${escaped(utf16_bytes(text))}\n`);
    }

    async stop() {
        for (const child of this.children.reverse()) child.kill("SIGTERM");
        const grace = setTimeout(() => this.children.forEach((child) => child.kill("SIGKILL")), 5_000);
        await Promise.all(this.children.map((child) => child.ended));
        clearTimeout(grace);
    }
}
