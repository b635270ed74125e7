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

// The codes of countries as they are dialled: 1 and 7 alone, these two digits, and three for all the others.
const two = new Set("20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98".split(" "));
const codeLength = (digits: string): number => (/^[17]/.test(digits) ? 1 : two.has(digits.slice(0, 2)) ? 2 : 3);

// How numbers of a country are read aloud; elsewhere, and where the length is another, in threes; a last digit does not stand alone.
const groups: Record<string, number[]> = { "1": [3, 3, 4], "44": [4, 6], "91": [5, 5] };

function inGroups(rest: string, sizes: number[]): string[] {
    let from = 0;
    return sizes.map((size) => rest.slice(from, (from += size)));
}

function inThrees(rest: string): string[] {
    const found = rest.match(/.{1,3}/g) ?? [];
    const last = found.at(-1) ?? "";
    return last.length === 1 && found.length > 1 ? [...found.slice(0, -2), found.slice(-2).join("")] : found;
}

// +34 612 345 678, +1 212 555 0123
export function spoken(phone: string): string {
    const digits = phone.replace(/\D/g, "");
    if (!phone.trim().startsWith("+") || digits.length < 7) return phone;
    const code = digits.slice(0, codeLength(digits));
    const rest = digits.slice(code.length);
    const sizes = groups[code];
    const fits = sizes !== undefined && sizes.reduce((sum, size) => sum + size, 0) === rest.length;
    return [`+${code}`, ...(fits ? inGroups(rest, sizes) : inThrees(rest))].join("\u00a0");
}
