// A PostgreSQL of the test's own: a throw-away cluster on a unix socket. It runs as the user "postgres" when the test is root,
// because PostgreSQL refuses to be root. Also what may stand between it and a gateway: a pooler, and a network that fails.
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const programs = "/usr/lib/postgresql/15/bin";
const root = process.getuid() === 0;
const as_postgres = root ? ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"] : [];

function own_folder(prefix) {
    const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), prefix));
    give_to_postgres(folder);
    return folder;
}

function give_to_postgres(path) {
    if (!root) return;
    const id = (flag) => Number(execFileSync("id", [flag, "postgres"]).toString());
    chownSync(path, id("-u"), id("-g"));
}

const url_of = (name, ...folders) => `postgresql:///${name}?user=warmcall&host=${folders.join(",")}`;

export class Cluster {
    // `standby_of`: a second cluster that follows the first, which from then on confirms nothing before the second has it.
    constructor({ standby_of } = {}) {
        this.folder = own_folder("warmcall-pg-");
        this.data = join(this.folder, "data");
        if (standby_of) this.run("pg_basebackup", "-D", this.data, "-d", standby_of.url("postgres"), "-R", "-c", "fast", "-X", "stream", "--no-sync");
        else this.run("initdb", "-D", this.data, "-U", "warmcall", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync");
        appendFileSync(join(this.data, "postgresql.auto.conf"),
            `listen_addresses = ''\nunix_socket_directories = '${this.folder}'\nshared_buffers = 64MB\n`);
        this.start();
        if (standby_of) standby_of.ask("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()");
    }

    run(program, ...args) {
        const [first, ...rest] = [...as_postgres, join(programs, program), ...args];
        execFileSync(first, rest, { cwd: "/", stdio: "ignore" });
    }

    start() {
        this.run("pg_ctl", "-D", this.data, "-w", "-t", "60", "-l", join(this.folder, "log"), "start");
    }

    stop(mode = "immediate") {
        this.run("pg_ctl", "-D", this.data, "-w", "-t", "60", "-m", mode, "stop");
    }

    promote() {
        this.run("pg_ctl", "-D", this.data, "-w", "-t", "60", "promote");
    }

    url(name) {
        return url_of(name, this.folder);
    }

    // An empty database; its url for [store].
    create(name) {
        this.ask("postgres", `CREATE DATABASE ${name}`);
        return this.url(name);
    }

    // By other hands: rows as lines, as psql -At prints them.
    ask(name, ...statements) {
        const commands = statements.flatMap((sql) => ["-c", sql]);
        return execFileSync(join(programs, "psql"), ["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", this.url(name), ...commands], { maxBuffer: 1 << 29, stdio: ["ignore", "pipe", "pipe"] }).toString().trimEnd();
    }

    close() {
        try {
            this.stop();
        } catch { /* it was down already */ }
        rmSync(this.folder, { recursive: true, force: true });
    }
}

// An address that names both: a gateway takes whichever can be written to.
export const either = (name, ...clusters) => url_of(name, ...clusters.map((c) => c.folder));

// Debian's pgbouncer in transaction mode: the next transaction may run in any of a few sessions.
export class Pooler {
    constructor(cluster, sessions = 3) {
        this.folder = own_folder("warmcall-pool-");
        const file = join(this.folder, "pgbouncer.ini");
        // auth_type "any" takes no name from the client: the line of the databases says it.
        writeFileSync(file, `[databases]\n* = host=${cluster.folder} user=warmcall\n[pgbouncer]\nlisten_addr =\nlisten_port = 5432\n` +
            `unix_socket_dir = ${this.folder}\nauth_type = any\npool_mode = transaction\ndefault_pool_size = ${sessions}\nmax_client_conn = 100\n` +
            `logfile = ${join(this.folder, "log")}\npidfile = ${join(this.folder, "pid")}\n`);
        give_to_postgres(file);
        const [first, ...rest] = [...as_postgres, "/usr/sbin/pgbouncer", "-q", file];
        this.process = spawn(first, rest, { cwd: "/", stdio: "ignore" });
    }

    url(name) {
        return url_of(name, this.folder);
    }

    ready() {
        return existsSync(join(this.folder, ".s.PGSQL.5432"));
    }

    async close() {
        const ended = new Promise((done) => (this.process.exitCode === null ? this.process.on("exit", done) : done()));
        this.process.kill("SIGTERM");
        await ended;
        rmSync(this.folder, { recursive: true, force: true });
    }
}

// A network between a gateway and its database: fail() and nothing passes any more, in either direction, without a word to
// anybody; heal() and what was on its way goes on.
export class Network {
    static async to(cluster) {
        const network = new Network();
        network.folder = mkdtempSync(join(tmpdir(), "warmcall-net-"));
        network.sockets = new Set();
        network.server = createServer((near) => {
            const far = connect(join(cluster.folder, ".s.PGSQL.5432"));
            for (const [from, to] of [[near, far], [far, near]]) {
                network.sockets.add(from);
                from.on("data", (bytes) => to.write(bytes));
                from.on("error", () => to.destroy());
                from.on("close", () => {
                    network.sockets.delete(from);
                    to.end();
                });
                if (network.failing) from.pause();
            }
        });
        await new Promise((done) => network.server.listen(join(network.folder, ".s.PGSQL.5432"), done));
        return network;
    }

    url(name) {
        return url_of(name, this.folder);
    }

    fail() {
        this.failing = true;
        for (const socket of this.sockets) socket.pause();
    }

    heal() {
        this.failing = false;
        for (const socket of this.sockets) socket.resume();
    }

    close() {
        for (const socket of this.sockets) socket.destroy();
        this.server.close();
        rmSync(this.folder, { recursive: true, force: true });
    }
}
