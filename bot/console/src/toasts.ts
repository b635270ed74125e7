// One sentence at a time at the foot of the page, with a way back where there is one.
import { store } from "./store";

export type Toast = { id: number; text: string; undo?: () => void; kind?: "warn" };
export const toast = store<Toast | null>(null);
export const undo_ms = 5_000;

let last = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

export function say(text: string, options: { undo?: () => void; kind?: "warn" } = {}): void {
    const id = ++last;
    clearTimeout(timer);
    toast.set({ id, text, ...options });
    timer = setTimeout(() => toast.get()?.id === id && toast.set(null), options.kind === "warn" ? 9_000 : undo_ms);
}

export const dismiss = (): void => toast.set(null);
