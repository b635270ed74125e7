// What the rep did, kept on the phone until the server has it. Each thing carries its Idempotency-Key from birth, so that sending it twice
// (a lost answer, two tabs, a page that was closed) is still once. One tab flushes at a time: `online` and a reconnect come together.
import { newKey, request } from "./api";
import { recallJson, remember } from "./choices";
import { store } from "./store";
import type { Problem } from "./types";

export type Op = {
    key: string;
    path: string;
    body: unknown;
    not_before: number;  // ms; the time to take it back
    made: number;
    name: string;        // of the contact, for what we tell the rep
    prompt: number;
};
export type Refusal = { op: Op; why: "conflict" | "refused"; problem: Problem };

const ops_max = 200;
const kept_ms = 7 * 24 * 3600_000;
const backoff_ms = [2_000, 5_000, 15_000, 60_000];

export const outbox = store<Op[]>(load());
export const refusals = store<Refusal[]>([]);
export const failing = store(false);  // the last try did not reach the server
export const sent = store(0);         // counts what the server took; screens refetch on it

let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

function load(): Op[] {
    const kept = recallJson<Op[]>("outbox");
    return Array.isArray(kept) ? kept.filter((op) => Date.now() - op.made < kept_ms) : [];
}

function save(ops: Op[]): void {
    remember("outbox", ops.length > 0 ? JSON.stringify(ops) : null);
    outbox.set(ops);
}

// Another tab may have added or sent something: storage is the truth, memory only mirrors it.
addEventListener("storage", (event) => {
    if (event.key === "wc.outbox") outbox.set(load());
});

export function put(op: Pick<Op, "path" | "body" | "name" | "prompt">, undo_ms = 0): string {
    const made: Op = { ...op, key: newKey(), made: Date.now(), not_before: Date.now() + undo_ms };
    save([...load(), made].slice(-ops_max));
    void flush();
    return made.key;
}

// True: it had not been sent and never will be.
export function takeBack(key: string): boolean {
    const ops = load();
    const left = ops.filter((op) => op.key !== key || inFlight === key);
    save(left);
    return left.length < ops.length;
}

let inFlight: string | undefined;
let tail: Promise<void> = Promise.resolve();

// One at a time within this page, and through the lock across pages. Without locks (plain http in an office) the key alone protects.
export function flush(): Promise<void> {
    tail = tail.then(async () => {
        if (navigator.locks) await navigator.locks.request("wc-outbox", drain);
        else await drain();
    });
    return tail;
}

async function drain(): Promise<void> {
    clearTimeout(timer);
    for (;;) {
        const ops = load();
        const now = Date.now();
        const ready = ops.find((op) => op.not_before <= now);
        if (ready === undefined) {
            const soonest = Math.min(...ops.map((op) => op.not_before));
            if (ops.length > 0) timer = setTimeout(() => void flush(), Math.max(50, soonest - now));
            return;
        }
        inFlight = ready.key;
        const answer = await request("POST", ready.path, { body: ready.body, key: ready.key, keepalive: true });
        inFlight = undefined;
        if (!answer.ok && (answer.why === "offline" || answer.why === "failed" || answer.why === "signed_out")) {
            failing.set(true);
            const wait = backoff_ms[Math.min(failures++, backoff_ms.length - 1)] ?? 60_000;
            timer = setTimeout(() => void flush(), wait);
            return;
        }
        failures = 0;
        failing.set(false);
        save(load().filter((op) => op.key !== ready.key));
        if (answer.ok) sent.change((n) => n + 1);
        else if (answer.why === "conflict" || answer.why === "refused")
            refusals.change((all) => [...all, { op: ready, why: answer.why as "conflict" | "refused", problem: answer.problem }]);
    }
}

// The rep looks elsewhere: whoever was still inside the time to take something back has decided by leaving.
function hurry(): void {
    if (load().some((op) => op.not_before > Date.now())) save(load().map((op) => ({ ...op, not_before: 0 })));
    void flush();
}

// The page is being thrown away, and a lock would be granted too late: everything leaves at once, outliving the page. It stays in storage, so the
// next page sends it again under the same key, which the server knows.
function lastWords(): void {
    for (const op of load()) {
        if (op.key !== inFlight) void request("POST", op.path, { body: op.body, key: op.key, keepalive: true });
    }
}

export function startOutbox(): void {
    addEventListener("online", () => {
        failures = 0;
        void flush();
    });
    document.addEventListener("visibilitychange", () => document.hidden && hurry());
    addEventListener("pagehide", lastWords);
    void flush();
}
