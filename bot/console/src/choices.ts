// What this phone remembers about how the rep likes to read. Storage may be refused (private windows): then nothing is remembered.
export const languages = { en: "English", hi: "हिन्दी", ar: "العربية" } as const;
export type Language = keyof typeof languages;
export type Theme = "auto" | "light" | "dark";

export function recall(key: string): string | null {
    try {
        return localStorage.getItem(`wc.${key}`);
    } catch {
        return null;
    }
}

export function remember(key: string, value: string | null): void {
    try {
        if (value === null) localStorage.removeItem(`wc.${key}`);
        else localStorage.setItem(`wc.${key}`, value);
    } catch {
        // full or refused: the console works without
    }
}

export function recallJson<T>(key: string): T | null {
    try {
        return JSON.parse(recall(key) ?? "null") as T | null;
    } catch {
        return null;
    }
}

export function isLanguage(value: string | null | undefined): value is Language {
    return value != null && Object.hasOwn(languages, value);
}

export function storedLanguage(): Language {
    const chosen = recall("language");
    if (isLanguage(chosen)) return chosen;
    for (const wanted of navigator.languages ?? []) {
        const short = wanted.split("-")[0];
        if (isLanguage(short)) return short;
    }
    return "en";
}

export function storedTheme(): Theme {
    const theme = recall("theme");
    return theme === "light" || theme === "dark" ? theme : "auto";
}
