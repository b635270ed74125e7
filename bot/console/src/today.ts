// The rep's list: what the server last said, minus what the rep has just done. Kept on the phone so that it can be read without signal.
import { get } from "./api";
import { forgetAll, recallJson, remember } from "./choices";
import { line } from "./live";
import { type Op, outbox, sent } from "./outbox";
import { store } from "./store";
import type { Prompt, Today } from "./types";

export type State = {
    status: "loading" | "ready" | "failed" | "signed_out";
    data: Today | null;
    online: boolean;
};

export const today = store<State>({ status: "loading", data: recallJson<Today>("today"), online: navigator.onLine });

// Sent, but the list at hand is from before: stays off the list until a newer one is here.
let settling: { prompt: number; at: number }[] = [];
let running = false;
let forgotten = false;
let again = false;
let soon: ReturnType<typeof setTimeout> | undefined;

// Many changes close together are one question.
export function refreshSoon(): void {
    clearTimeout(soon);
    soon = setTimeout(() => void refresh(), 150);
}

export async function refresh(): Promise<void> {
    if (running) {
        again = true;
        return;
    }
    running = true;
    const asked = Date.now();
    const answer = await get<Today>("/api/v1/today");
    running = false;
    if (forgotten) return;
    if (answer.ok) {
        settling = settling.filter((s) => s.at > asked);
        remember("today", JSON.stringify(answer.data));
        if (line.get() === "signed_out") line.set("connecting");
        today.set({ status: "ready", data: answer.data, online: true });
    } else if (answer.why === "signed_out") {
        remember("today", null);
        today.set({ status: "signed_out", data: null, online: true });
    } else if (answer.why === "offline") {
        today.change((was) => ({ ...was, status: was.data ? "ready" : "failed", online: false }));
    } else {
        today.change((was) => ({ ...was, status: was.data ? "ready" : "failed", online: true }));
    }
    if (again) {
        again = false;
        refreshSoon();
    }
}

// Other people's names do not stay on a phone that signed out, not even by an answer that was already on its way.
export function forget(): void {
    forgotten = true;
    forgetAll();
}

const takesOff = (op: Op): boolean => /\/(disposition|snooze|answer)$/.test(op.path);

let before: Op[] = outbox.get();
outbox.watch(() => {
    const now = outbox.get();
    const gone = before.filter((op) => takesOff(op) && !now.some((other) => other.key === op.key));
    before = now;
    settling.push(...gone.filter((op) => op.not_before <= Date.now()).map((op) => ({ prompt: op.prompt, at: Date.now() })));
});
sent.watch(refreshSoon);

export function isDone(prompt: Prompt, ops: Op[]): boolean {
    return ops.some((op) => op.prompt === prompt.id && takesOff(op)) || settling.some((s) => s.prompt === prompt.id);
}

// The queue in the order it is worked through: what can be called now first; the server's own order inside each section.
const order = ["replied", "promised", "question", "unlogged", "good_from", "silent", "later"];
export type Group = { section: Prompt["section"]; prompts: Prompt[] };

export function groups(data: Today, ops: Op[]): Group[] {
    const all = [...data.prompts, ...data.unlogged.map((p) => ({ ...p, section: "unlogged" as const }))];
    const seen = new Set<number>();
    const open = all.filter((p) => !isDone(p, ops) && !seen.has(p.id) && seen.add(p.id));
    return order
        .map((section) => ({ section: section as Prompt["section"], prompts: open.filter((p) => p.section === section) }))
        .filter((g) => g.prompts.length > 0);
}

// Put off by the rep, or better later: not before then. null: now. The server has told them apart by its own clock.
export function waitsUntil(prompt: Prompt): string | null {
    if (prompt.section !== "good_from") return null;
    const due = Date.parse(prompt.due_at) > Date.now() ? prompt.due_at : null;
    const good = prompt.good_from !== null && Date.parse(prompt.good_from) > Date.now() ? prompt.good_from : null;
    if (due === null || good === null) return due ?? good;
    return Date.parse(due) > Date.parse(good) ? due : good;
}

// Who can be called now, one after the other.
export function queue(data: Today, ops: Op[]): Prompt[] {
    return groups(data, ops)
        .filter((g) => g.section !== "later" && g.section !== "unlogged" && g.section !== "question")
        .flatMap((g) => g.prompts)
        .filter((p) => !heldByOther(p, data.rep.id) && waitsUntil(p) === null);
}

export function heldByOther(prompt: Prompt, me: string): boolean {
    if (prompt.claimed_by === null || prompt.claimed_by === me) return false;
    return prompt.claimed_until === null || Date.parse(prompt.claimed_until) > Date.now();
}

// A stand-in's call, or a colleague's: it is theirs to log.
export function calledByOther(prompt: Prompt, me: string): boolean {
    return prompt.called_by != null && prompt.called_by !== me;
}

export function findPrompt(data: Today | null, id: number): Prompt | undefined {
    return data?.prompts.find((p) => p.id === id) ?? data?.unlogged.find((p) => p.id === id);
}
