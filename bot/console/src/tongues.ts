// Languages as people call them, in the rep's language. The list is what templates are commonly written in; whatever a contact has is kept.
import { language } from "./i18n";

const common = ["ar", "bn", "de", "en", "es", "fa", "fr", "gu", "he", "hi", "id", "it", "ja", "kn", "ko", "ml", "mr", "nl", "pa", "pl", "pt", "pt-BR", "ru", "sw", "ta", "te", "th", "tr", "uk", "ur", "vi", "zh"];

export function languageName(code: string): string {
    try {
        return new Intl.DisplayNames([language()], { type: "language" }).of(code) ?? code;
    } catch {
        return code;
    }
}

export function languageChoices(kept: string): [code: string, name: string][] {
    const codes = kept && !common.includes(kept) ? [kept, ...common] : common;
    return codes.map((code): [string, string] => [code, languageName(code)]).sort(([, a], [, b]) => a.localeCompare(b, language()));
}
