// Texts that are not in the conversation yet, kept on the phone like a draft: they outlive the page, and leave with everything else at sign-out.
import { recallJson, remember } from "./choices";
import type { Said } from "./types";

// `after`: when the newest text of ours of the same words went out by then, as the server tells it. Only a later one is this one.
export type Leaving = { key: string; text: string; after: string; problem: string };

const place = (contact: number): string => `unsent.${contact}`;

// Where the browser keeps nothing they last as long as the page.
const unkept = new Map<number, Leaving[]>();

export function leavingTo(contact: number): Leaving[] {
    const kept = recallJson<Leaving[]>(place(contact));
    return Array.isArray(kept) ? kept : (unkept.get(contact) ?? []);
}

export function keepLeaving(contact: number, all: Leaving[]): void {
    unkept.delete(contact);
    remember(place(contact), all.length > 0 ? JSON.stringify(all) : null);
    if (all.length > 0 && recallJson(place(contact)) === null) unkept.set(contact, all);
}

export function unsentTexts(): number {
    try {
        return Object.keys(localStorage)
            .filter((key) => key.startsWith("wc.unsent."))
            .reduce((count, key) => count + leavingTo(Number(key.slice("wc.unsent.".length))).length, 0);
    } catch {
        return 0;
    }
}

const same = (said: Said, text: string): boolean => !said.from_contact && said.text === text;

export function newestLike(items: Said[], text: string): string {
    return items.filter((said) => same(said, text)).reduce((newest, said) => (said.at > newest ? said.at : newest), "");
}

// Those the conversation does not show yet. Each bubble stands for one text only: equal ones wait for one that is later.
export function pendingOf(all: Leaving[], items: Said[]): Leaving[] {
    const oldestFirst = [...items].reverse();
    const shown = new Map<string, string>();
    return all.flatMap((one) => {
        const before = shown.get(one.text) ?? "";
        const after = before > one.after ? before : one.after;
        const bubble = oldestFirst.find((said) => same(said, one.text) && said.at > after);
        if (bubble === undefined) return [{ ...one, after }];
        shown.set(one.text, bubble.at);
        return [];
    });
}
