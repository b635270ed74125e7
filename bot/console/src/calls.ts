// A call leaves the browser: the phone app comes to the front, and this page may be thrown out of memory. What is known is written down before
// the dialler opens, and coming back asks how it went.
import { recallJson, remember } from "./choices";
import { put, type Refusal } from "./outbox";
import { store } from "./store";
import type { Prompt } from "./types";

export type Call = { prompt: Prompt; at: number };
// `again`: what was filled in before and could not be saved.
export type Sheet = { kind: "outcome"; prompt: Prompt; called: number | null; again?: Refusal } | { kind: "snooze"; prompt: Prompt };

export const call = store<Call | null>(recallJson<Call>("call"));
export const sheet = store<Sheet | null>(null);

let left = false;

export function startCall(prompt: Prompt): void {
    const started = { prompt, at: Date.now() };
    remember("call", JSON.stringify(started));
    call.set(started);
    left = false;
    put({ path: `/api/v1/prompts/${prompt.id}/dial`, body: {}, name: prompt.contact.name, prompt: prompt.id });
}

export function endCall(): void {
    remember("call", null);
    call.set(null);
}

export function askHowItWent(prompt: Prompt): void {
    const running = call.get();
    const called = running?.prompt.id === prompt.id ? running.at : null;
    sheet.set({ kind: "outcome", prompt, called });
}

function backFromThePhone(): void {
    const running = call.get();
    if (running === null || sheet.get()?.kind === "outcome") return;
    put({ path: `/api/v1/prompts/${running.prompt.id}/ended`, body: {}, name: running.prompt.contact.name, prompt: running.prompt.id });
    askHowItWent(running.prompt);
}

export function startCalls(): void {
    document.addEventListener("visibilitychange", () => {
        if (document.hidden) left = call.get() !== null;
        else if (left) {
            left = false;
            backFromThePhone();
        }
    });
    addEventListener("storage", (event) => {
        if (event.key === "wc.call") call.set(recallJson<Call>("call"));
    });
    backFromThePhone();  // the page was thrown out during the call
}
