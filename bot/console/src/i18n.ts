// Words in the rep's language. A value put into a sentence is isolated (U+2068 … U+2069), so that a Latin name inside an Arabic sentence,
// or a name that carries direction marks on purpose, cannot turn the rest of it around.
import { isLanguage, type Language, remember, storedLanguage } from "./choices";
import { en } from "./locales/en";

export type Plural = { zero?: string; one?: string; two?: string; few?: string; many?: string; other: string };
export type Key = keyof typeof en;
export type Catalog = Record<Key, string | Plural>;

const loaders: Record<Language, () => Promise<Catalog>> = {
    en: async () => en,
    hi: async () => (await import("./locales/hi")).hi,
    ar: async () => (await import("./locales/ar")).ar,
};

let catalog: Catalog = en;
let current: Language = "en";
let rules = new Intl.PluralRules("en");

export const language = (): Language => current;

// For dates and numbers: the phone's own region where it speaks the chosen language ("22 November" in London, "November 22" in Boston).
export function region(): string {
    return (navigator.languages ?? []).find((each) => each.split("-")[0] === current) ?? current;
}

export async function useLanguage(wanted: Language): Promise<void> {
    catalog = await loaders[wanted]();
    current = wanted;
    rules = new Intl.PluralRules(wanted);
    document.documentElement.lang = wanted;
    document.documentElement.dir = wanted === "ar" ? "rtl" : "ltr";
}

export async function chooseLanguage(wanted: string): Promise<void> {
    if (!isLanguage(wanted)) return;
    remember("language", wanted);
    await useLanguage(wanted);
}

export async function startLanguage(): Promise<void> {
    await useLanguage(storedLanguage()).catch(() => undefined);  // a catalog that cannot be fetched leaves English
}

const marks = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
export const isolate = (text: string): string => `\u2068${text.replace(marks, "")}\u2069`;

// t("called_of", {done: 4, count: 10}): `count` chooses the plural form; numbers are written as the language writes them.
export function t(key: Key, values: Record<string, string | number> = {}): string {
    const entry = catalog[key] ?? en[key];
    const text = typeof entry === "string" ? entry : (entry[rules.select(Number(values["count"] ?? 0))] ?? entry.other);
    return text.replace(/\{(\w+)\}/g, (_, name: string) => {
        const value = values[name];
        if (value === undefined) return "";
        return typeof value === "number" ? value.toLocaleString(region()) : isolate(value);
    });
}
