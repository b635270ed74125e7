// What a rep can do to a prompt. Each goes through the outbox, so that it also works without signal.
import { get, newKey, request } from "./api";
import { call, endCall, sheet } from "./calls";
import { moreWords, t } from "./i18n";
import { keepUnsaved, type Op, outbox, put, type Refusal, takeBack, unsaved } from "./outbox";
import { inWords } from "./refusal";
import { go, route } from "./router";
import { when } from "./time";
import { findPrompt, queue, refreshSoon, today } from "./today";
import { say, undo_ms } from "./toasts";
import type { Disposition, Problem, Prompt } from "./types";

const path = (prompt: Prompt, verb: string) => `/api/v1/prompts/${prompt.id}/${verb}`;

function hand(prompt: Prompt, verb: string, body: unknown, undoable = false): string {
    return put({ path: path(prompt, verb), body, name: prompt.contact.name, prompt: prompt.id }, undoable ? undo_ms : 0);
}

function undo(key: string, restore: () => void = () => undefined): () => void {
    return () => {
        if (!takeBack(key)) {
            say(t("too_late"), { kind: "warn" });
            return;
        }
        restore();
        say(t("undone"));
    };
}

export function saveOutcome(prompt: Prompt, disposition: Disposition, outcome: string): void {
    const nextPrompt = following(prompt);
    const running = call.get();
    if (running?.prompt.id === prompt.id) endCall();
    sheet.set(null);
    const key = hand(prompt, "disposition", disposition, true);
    const before = unsaved.get().filter((each) => each.op.prompt === prompt.id);
    if (before.length > 0) keepUnsaved((all) => all.filter((each) => each.op.prompt !== prompt.id));
    const name = prompt.contact.first_name || prompt.contact.name;
    const text = disposition.next_at
        ? t("logged", { name, outcome, next: when(disposition.next_at) })
        : t("logged_closed", { name, outcome });
    say(today.get().online ? text : `${text} ${t("kept_offline")}`, {
        undo: undo(key, () => {
            if (before.length > 0) keepUnsaved((all) => [...all, ...before]);
            go({ screen: "focus", id: prompt.id });
        }),
    });
    go(nextPrompt ? { screen: "focus", id: nextPrompt.id } : { screen: "today" });
}

// A tap on the number that led nowhere: nobody was called, and the call is due as before.
export function notCalled(prompt: Prompt): void {
    if (call.get()?.prompt.id === prompt.id) endCall();
    sheet.set(null);
    hand(prompt, "not_called", {});
    say(t("not_called_toast", { name: prompt.contact.first_name || prompt.contact.name }));
}

export function snooze(prompt: Prompt, until: string): void {
    const nextPrompt = following(prompt);
    sheet.set(null);
    const key = hand(prompt, "snooze", { until }, true);
    say(t("snoozed_until", { name: prompt.contact.first_name, time: when(until) }), { undo: undo(key) });
    if (route.get().screen === "focus") go(nextPrompt ? { screen: "focus", id: nextPrompt.id } : { screen: "today" });
}

export function skip(prompt: Prompt): void {
    const nextPrompt = following(prompt);
    say(t("skipped", { name: prompt.contact.first_name }));
    go(nextPrompt ? { screen: "focus", id: nextPrompt.id } : { screen: "today" });
}

export function answer(prompt: Prompt, body: { stop: boolean } | { send_again: boolean }): void {
    const key = hand(prompt, "answer", body, true);
    say(t("answer_thanks", { name: prompt.contact.first_name }), { undo: undo(key) });
    if (route.get().screen === "focus") go({ screen: "today" });
}

const seen = new Set<number>();

// Opened is acknowledged: the ladder of reminders stops.
export function acknowledge(prompt: Prompt): void {
    if (prompt.acknowledged_at !== null || seen.has(prompt.id)) return;
    seen.add(prompt.id);
    hand(prompt, "acknowledge", {});
}

// The one after this in the list as it is now; from the end of the list, its beginning.
export function following(prompt: Prompt): Prompt | undefined {
    const { data } = today.get();
    if (data === null) return undefined;
    const all = queue(data, outbox.get());
    const here = all.findIndex((p) => p.id === prompt.id);
    const others = all.filter((p) => p.id !== prompt.id);
    return others[here < 0 ? 0 : here] ?? others[0];
}

// The words for it come with the screens beyond Today; without them the server's own sentence has to do.
async function why(problem: Problem): Promise<string> {
    await moreWords().catch(() => undefined);
    return inWords(problem);
}

// What the server would not take, once more on the screen, as it was filled in.
export async function correct(refusal: Refusal): Promise<void> {
    const { op } = refusal;
    let prompt = findPrompt(today.get().data, op.prompt);
    if (prompt === undefined) {
        const found = await get<Prompt>(`/api/v1/prompts/${op.prompt}`);
        if (!found.ok) return say(t("refused", { why: found.why === "offline" ? t("offline") : await why(found.problem) }), { kind: "warn" });
        prompt = found.data;
    }
    if (op.path.endsWith("/disposition")) sheet.set({ kind: "outcome", prompt, called: null, again: refusal });
    else {
        discard(op);
        go({ screen: "focus", id: prompt.id });
    }
}

function discard(op: Op): void {
    keepUnsaved((all) => all.filter((each) => each.op.key !== op.key));
}

export function throwAway(refusal: Refusal): void {
    discard(refusal.op);
    say(t("discarded", { name: refusal.op.name }), {
        undo: () => {
            keepUnsaved((all) => [...all, refusal]);
            say(t("undone"));
        },
    });
}

// The line rings this phone, then theirs. Not through the outbox: kept for later it would ring out of the blue.
export async function ring(prompt: Prompt): Promise<void> {
    const name = prompt.contact.first_name || prompt.contact.name;
    const answer = await request<{ line: "placed" | "unknown" }>("POST", path(prompt, "ring"), { body: {}, key: newKey() });
    if (answer.ok) say(t(answer.data.line === "placed" ? "ring_placed" : "ring_unknown", { name }));
    else say(answer.problem.holder ? t("claimed_toast", { name: answer.problem.holder }) : t("refused", { why: await why(answer.problem) }), { kind: "warn" });
    refreshSoon();
}

// The server had a reason to say no to something that was saved here. Housekeeping (opened, came back) needs no words.
export async function tellRefusal({ op, why: kind, problem }: Refusal): Promise<void> {
    refreshSoon();
    if (/\/(acknowledge|ended)$/.test(op.path)) return;
    const taken = kind === "conflict" && problem.holder;
    if (op.path.endsWith("/dial")) {
        if (!taken) return;
        if (call.get()?.prompt.id === op.prompt) endCall();
        if (sheet.get()?.prompt.id === op.prompt) sheet.set(null);
    }
    const text = taken ? t("claimed_toast", { name: problem.holder ?? "" }) : t("refused", { why: await why(problem) });
    say(`${op.name ? op.name + ": " : ""}${text}`, { kind: "warn" });
}
