// What the rep did, kept on the phone until the server has it. Each thing carries its Idempotency-Key from birth, so that sending it twice
// (a lost answer, two tabs, a page that was closed) is still once. One tab flushes at a time: `online` and a reconnect come together.
import { newKey, request } from "./api";
import { recallJson, remember } from "./choices";
import { outcomeOf } from "./outcomes";
import { store } from "./store";
import type { Disposition, Problem, Prompt } from "./types";

export type Op = {
    key: string;
    path: string;
    body: unknown;
    not_before: number;  // ms; the time to take it back
    made: number;
    name: string;        // of the contact, for what we tell the rep
    prompt: number;
    moved?: boolean;     // its next action was in the past, and went to a later time
};
export type Refusal = { op: Op; why: "conflict" | "refused"; problem: Problem };

// That a card was seen or a call is over is of no use any more after a while, and the first to go when there is too much. What the rep said is
// kept until the server has taken it or the rep throws it away.
const housekeeping = /\/(acknowledge|ended|dial)$/;
const ops_max = 200;
const housekept_ms = 7 * 24 * 3600_000;
const backoff_ms = [2_000, 5_000, 15_000, 60_000];

let held: Op[] | null = null;
export const outbox = store<Op[]>(load());
export const refusals = store<Refusal[]>([]);                       // to be told, then forgotten
export const unsaved = store<Refusal[]>(loadUnsaved());             // what the rep said and the server would not take: the rep decides
export const moved = store<{ op: Op; next: string } | null>(null);  // its time had passed, another one was taken
export const failing = store(false);  // the last try did not reach the server
export const sent = store(0);         // counts what the server took; screens refetch on it

let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

function saysSomething(op: Op): boolean {
    return !housekeeping.test(op.path);
}

function load(): Op[] {
    const kept = held ?? recallJson<Op[]>("outbox");
    return Array.isArray(kept) ? kept.filter((op) => saysSomething(op) || Date.now() - op.made < housekept_ms) : [];
}

// Where the browser keeps nothing, this page does as long as it is open.
function save(ops: Op[]): void {
    held = remember("outbox", ops.length > 0 ? JSON.stringify(ops) : null) ? null : ops;
    outbox.set(ops);
}

function fitting(ops: Op[]): Op[] {
    let over = ops.length - ops_max;
    return over <= 0 ? ops : ops.filter((op) => saysSomething(op) || over-- <= 0);
}

function loadUnsaved(): Refusal[] {
    const kept = recallJson<Refusal[]>("unsaved");
    return Array.isArray(kept) ? kept : [];
}

export function keepUnsaved(change: (all: Refusal[]) => Refusal[]): void {
    const all = change(unsaved.get());
    remember("unsaved", all.length > 0 ? JSON.stringify(all) : null);
    unsaved.set(all);
}

// What would be lost with this phone's memory.
export const unsent = (): number => load().filter(saysSomething).length + unsaved.get().length;

// Another tab may have added or sent something: storage is the truth, memory only mirrors it.
addEventListener("storage", (event) => {
    if (event.key === "wc.outbox") outbox.set(load());
    if (event.key === "wc.unsaved") unsaved.set(loadUnsaved());
});

export function put(op: Pick<Op, "path" | "body" | "name" | "prompt">, undo_ms = 0): string {
    const made: Op = { ...op, key: newKey(), made: Date.now(), not_before: Date.now() + undo_ms };
    save(fitting([...load(), made]));
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
        const later = !answer.ok && answer.why === "refused" ? await inTime(ready) : null;
        save(later === null ? load().filter((op) => op.key !== ready.key) : load().map((op) => (op.key === ready.key ? later.op : op)));
        if (later !== null) {
            moved.set(later);
        } else if (answer.ok) {
            sent.change((n) => n + 1);
        } else if (answer.why === "conflict" || answer.why === "refused") {
            const refusal: Refusal = { op: ready, why: answer.why, problem: answer.problem };
            if (/\/(disposition|answer)$/.test(ready.path)) keepUnsaved((all) => [...all, refusal]);
            refusals.change((all) => [...all, refusal]);
        }
    }
}

// Logged without signal, and its next action lies behind us by now: the same outcome with the next time that suits, under a key of its own,
// for the server knows the old one by its old words. Once: with a clock that runs ahead every time would lie behind us.
async function inTime(op: Op): Promise<{ op: Op; next: string } | null> {
    const body = op.body as Disposition;
    if (op.moved || !op.path.endsWith("/disposition") || body.next_at === null || Date.parse(body.next_at) > Date.now()) return null;
    const kind = outcomeOf(body)?.next;
    const now = await request<Prompt>("GET", `/api/v1/prompts/${op.prompt}`);
    const next = now.ok && kind ? now.data.suggestions?.[kind]?.[0]?.at : undefined;
    return next === undefined ? null : { op: { ...op, moved: true, key: newKey(), body: { ...body, next_at: next } }, next };
}

// Whoever leaves for good does not wait for the time to take something back.
export function sendNow(): Promise<void> {
    if (load().some((op) => op.not_before > Date.now())) save(load().map((op) => ({ ...op, not_before: 0 })));
    return flush();
}

// The rep looks elsewhere: whoever was still inside the time to take something back has decided by leaving.
function hurry(): void {
    void sendNow();
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
