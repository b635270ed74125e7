// Words in the rep's language. A value put into a sentence is isolated (U+2068 … U+2069), so that a Latin name inside an Arabic sentence,
// or a name that carries direction marks on purpose, cannot turn the rest of it around.
import { isLanguage, type Language, remember, storedLanguage } from "./choices";
import type { en } from "./locales/en";
import type { en as moreEn } from "./locales/more/en";

export type Plural = { zero?: string; one?: string; two?: string; few?: string; many?: string; other: string };
type Words<K extends string> = Record<K, string | Plural>;
export type Catalog = Words<keyof typeof en>;
// The words of the screens beyond Today come with those screens.
export type MoreCatalog = Words<keyof typeof moreEn>;
export type Key = keyof Catalog | keyof MoreCatalog;

const loaders: Record<Language, () => Promise<Catalog>> = {
    en: async () => (await import("./locales/en")).en,
    hi: async () => (await import("./locales/hi")).hi,
    ar: async () => (await import("./locales/ar")).ar,
};
const moreLoaders: Record<Language, () => Promise<MoreCatalog>> = {
    en: async () => (await import("./locales/more/en")).en,
    hi: async () => (await import("./locales/more/hi")).hi,
    ar: async () => (await import("./locales/more/ar")).ar,
};

let catalog: Partial<Words<Key>> = {};
let more = false;
let current: Language = "en";
let rules = new Intl.PluralRules("en");

export const language = (): Language => current;

// For dates and numbers: the phone's own region where it speaks the chosen language ("22 November" in London, "November 22" in Boston).
export function region(): string {
    return (navigator.languages ?? []).find((each) => each.split("-")[0] === current) ?? current;
}

export async function useLanguage(wanted: Language): Promise<void> {
    const [words, others] = await Promise.all([loaders[wanted](), more ? moreLoaders[wanted]() : {}]);
    catalog = { ...words, ...others };
    current = wanted;
    rules = new Intl.PluralRules(wanted);
    document.documentElement.lang = wanted;
    document.documentElement.dir = wanted === "ar" ? "rtl" : "ltr";
}

export async function moreWords(): Promise<void> {
    if (more) return;
    const others = await moreLoaders[current]();
    more = true;
    catalog = { ...catalog, ...others };
}

export async function chooseLanguage(wanted: string): Promise<void> {
    if (!isLanguage(wanted)) return;
    remember("language", wanted);
    await useLanguage(wanted);
}

export async function startLanguage(): Promise<void> {
    await useLanguage(storedLanguage());
}

const marks = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
export const isolate = (text: string): string => `\u2068${text.replace(marks, "")}\u2069`;

// For a text that leaves the page: a file need not isolate what stands in it.
export const plain = (text: string): string => text.replace(marks, "");

// t("called_of", {done: 4, count: 10}): `count` chooses the plural form; numbers are written as the language writes them.
export function t(key: Key, values: Record<string, string | number> = {}): string {
    const entry = catalog[key] ?? "";
    const text = typeof entry === "string" ? entry : (entry[rules.select(Number(values["count"] ?? 0))] ?? entry.other);
    return text.replace(/\{(\w+)\}/g, (_, name: string) => {
        const value = values[name];
        if (value === undefined) return "";
        return typeof value === "number" ? value.toLocaleString(region()) : isolate(value);
    });
}
