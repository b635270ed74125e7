// Why something did not work, as one sentence for the rep; and which fields were at fault.
import type { Answer } from "./api";
import { type Key, language, t } from "./i18n";
import type { FieldError, Problem, Reject, Wrong } from "./types";

type Refused = Extract<Answer<unknown>, { ok: false }>;

export function whyNot({ why, problem }: Refused): string {
    if (why === "offline") return t("needs_signal");
    if (why === "signed_out") return t("signed_out_title");
    if (why === "failed") return t("server_trouble");
    const fields = (problem.errors ?? []).map((e) => (e.code ? wrongInWords(e, e.detail) : `${e.field}: ${e.detail}`)).join(" · ");
    return fields || inWords(problem);
}

// An answer that says no has a code, and the rep reads it in their language. The server's own sentence, in English, is more exact, and stands
// where the code is one we have no words for.
export function inWords(problem: Problem): string {
    const code = problem.type?.split(":").pop() ?? "";
    const ours = t(`no_${code}` as Key);
    return (language() === "en" ? problem.detail || ours : ours || problem.detail) || problem.title || t("server_trouble");
}

// What is wrong with a row or a field, in the rep's language; with a code we have no words for, the server's own sentence.
export function wrongInWords({ code, values = {} }: Wrong, sentence: string): string {
    const said: Record<string, string | number> = { ...values };
    if (values["why"]) said["why"] = t(`no_${values["why"]}` as Key);
    // the server counts the file's lines, of which the first names the columns
    if (values["line"]) said["count"] = Number(values["line"]) - 1;
    return t(`wrong_${code ?? ""}` as Key, said) || sentence;
}

// All that is wrong with a row; one code we have no words for, and the server's own sentence, which says all, stands alone.
export function rowInWords(row: Reject): string {
    const all = [row, ...(row.more ?? [])].map((wrong) => wrongInWords(wrong, ""));
    return all.includes("") ? row.reason : all.join(" ");
}

export const fieldErrors = ({ problem }: Refused): FieldError[] => (problem.errors ?? []).map((e) => ({ ...e, detail: wrongInWords(e, e.detail) }));
