// Runs before the first paint: language, direction and theme as the rep last chose them, so that nothing flashes.
import { type Language, storedLanguage, storedTheme } from "./choices";

declare const CATALOGS: Record<Language, string>;  // where the words of each language were built to

const root = document.documentElement;
const language = storedLanguage();
root.lang = language;
root.dir = language === "ar" ? "rtl" : "ltr";
const theme = storedTheme();
if (theme !== "auto") root.dataset["theme"] = theme;

// The words come beside the page's script, not after it. The sign-in page has no use for them.
if (location.pathname === "/") {
    const words = document.createElement("link");
    words.rel = "modulepreload";
    words.href = CATALOGS[language];
    document.head.append(words);
}
