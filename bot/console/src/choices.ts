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

// False: full or refused; the console works without.
export function remember(key: string, value: string | null): boolean {
    try {
        if (value === null) localStorage.removeItem(`wc.${key}`);
        else localStorage.setItem(`wc.${key}`, value);
        return true;
    } catch {
        return false;
    }
}

// Everything but how the rep likes to read: names and words of others do not stay on a phone that signed out.
export function forgetAll(): void {
    try {
        for (const key of Object.keys(localStorage)) {
            if (key.startsWith("wc.") && key !== "wc.language" && key !== "wc.theme") localStorage.removeItem(key);
        }
    } catch {
        // nothing was kept
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

// Does this phone get notifications? push.ts writes it down; who only wants to know need not fetch that.
export function signedUpForPush(): boolean {
    try {
        return localStorage.getItem("warmcall.push") !== null;
    } catch {
        return false;
    }
}
