// Runs before the first paint: language, direction and theme as the rep last chose them, so that nothing flashes.
import { storedLanguage, storedTheme } from "./choices";

const root = document.documentElement;
const language = storedLanguage();
root.lang = language;
root.dir = language === "ar" ? "rtl" : "ltr";
const theme = storedTheme();
if (theme !== "auto") root.dataset["theme"] = theme;
