// A PostgreSQL of the test's own: a throw-away cluster on a unix socket. It runs as the user "postgres" when the test is root,
// because PostgreSQL refuses to be root.
import { execFileSync } from "node:child_process";
import { appendFileSync, chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const programs = "/usr/lib/postgresql/15/bin";
const root = process.getuid() === 0;

export class Cluster {
    constructor() {
        this.folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "warmcall-pg-"));
        if (root) {
            const id = (flag) => Number(execFileSync("id", [flag, "postgres"]).toString());
            chownSync(this.folder, id("-u"), id("-g"));
        }
        this.data = join(this.folder, "data");
        this.run("initdb", "-D", this.data, "-U", "warmcall", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync");
        appendFileSync(join(this.data, "postgresql.auto.conf"),
            `listen_addresses = ''\nunix_socket_directories = '${this.folder}'\nshared_buffers = 64MB\n`);
        this.start();
    }

    run(program, ...args) {
        const command = root ? ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"] : [];
        const [first, ...rest] = [...command, join(programs, program), ...args];
        execFileSync(first, rest, { cwd: "/", stdio: "ignore" });
    }

    start() {
        this.run("pg_ctl", "-D", this.data, "-w", "-t", "60", "-l", join(this.folder, "log"), "start");
    }

    stop(mode = "immediate") {
        this.run("pg_ctl", "-D", this.data, "-w", "-t", "60", "-m", mode, "stop");
    }

    url(name) {
        return `postgresql:///${name}?user=warmcall&host=${this.folder}`;
    }

    // An empty database; its url for [store].
    create(name) {
        this.ask("postgres", `CREATE DATABASE ${name}`);
        return this.url(name);
    }

    // By other hands: rows as lines, as psql -At prints them.
    ask(name, sql) {
        return execFileSync(join(programs, "psql"), ["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", this.url(name), "-c", sql], { maxBuffer: 1 << 29, stdio: ["ignore", "pipe", "pipe"] }).toString().trimEnd();
    }

    close() {
        try {
            this.stop();
        } catch { /* it was down already */ }
        rmSync(this.folder, { recursive: true, force: true });
    }
}
