// Texts that are not in the conversation yet, kept on the phone like a draft: they outlive the page, and leave with everything else at sign-out.
import { recallJson, remember } from "./choices";
import type { Said } from "./types";

// `after`: when the newest text of ours of the same words went out by then, as the server tells it. Only a later one is this one.
export type Leaving = { key: string; text: string; after: string; problem: string };

const place = (contact: number): string => `unsent.${contact}`;

export function leavingTo(contact: number): Leaving[] {
    const kept = recallJson<Leaving[]>(place(contact));
    return Array.isArray(kept) ? kept : [];
}

export function keepLeaving(contact: number, all: Leaving[]): void {
    remember(place(contact), all.length > 0 ? JSON.stringify(all) : null);
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

// Those the conversation does not show yet: each bubble stands for one text only.
export function pendingOf(all: Leaving[], items: Said[]): Leaving[] {
    const shown = [...items].reverse();
    return all.filter((one) => {
        const found = shown.findIndex((said) => same(said, one.text) && said.at > one.after);
        if (found >= 0) shown.splice(found, 1);
        return found < 0;
    });
}
