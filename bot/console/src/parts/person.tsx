// Names, words and pictures of people. Whatever they typed is text, never markup, and keeps its own direction.
import type { PromptContact } from "../types";

export function Name({ of }: { of: Pick<PromptContact, "name"> }) {
    return <bdi class="name">{of.name}</bdi>;
}

function initials(name: string): string {
    const words = name.trim().split(/\s+/).filter((w) => /\p{L}/u.test(w));
    const pick = words.length > 1 ? [words[0], words[words.length - 1]] : words;
    return pick.map((w) => /\p{L}\p{M}*/u.exec(w ?? "")?.[0] ?? "").join("").toUpperCase() || "·";
}

export function Avatar({ of }: { of: Pick<PromptContact, "id" | "name"> }) {
    return (
        <span class={`avatar hue-${of.id % 6}`} aria-hidden="true">
            {initials(of.name)}
        </span>
    );
}

export function Quote({ words, language }: { words: string; language?: string }) {
    return (
        <blockquote class="quote">
            {words.split("\n").filter((line) => line.trim() !== "").map((line, n) => (
                <p key={n}>
                    <bdi lang={language || undefined}>{line}</bdi>
                </p>
            ))}
        </blockquote>
    );
}

export const telephone = (phone: string): string => `tel:${phone.replace(/[^+\d]/g, "")}`;

// +34 612 345 678: groups of three from the end read well for any country
export function spoken(phone: string): string {
    const digits = phone.replace(/[^+\d]/g, "");
    const head = digits.length > 10 ? digits.slice(0, digits.length - 9) : "";
    const rest = digits.slice(head.length);
    return [head, ...(rest.match(/.{1,3}/g) ?? [])].filter((p) => p !== "").join("\u00a0");
}
