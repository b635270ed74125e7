// Why something did not work, as one sentence for the rep; and which fields were at fault.
import type { Answer } from "./api";
import { t } from "./i18n";
import type { FieldError } from "./types";

type Refused = Extract<Answer<unknown>, { ok: false }>;

export function whyNot({ why, problem }: Refused): string {
    if (why === "offline") return t("needs_signal");
    if (why === "signed_out") return t("signed_out_title");
    if (why === "failed") return t("server_trouble");
    const fields = (problem.errors ?? []).map((e) => `${e.field}: ${e.detail}`).join(" · ");
    return fields || problem.detail || problem.title || t("server_trouble");
}

export const fieldErrors = ({ problem }: Refused): FieldError[] => problem.errors ?? [];
