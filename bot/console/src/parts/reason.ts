// Why somebody is on the list, in the rep's language: one short line for the row, one sentence for "Why now?".
import { t } from "../i18n";
import { ago, clock, when } from "../time";
import { calledByOther, waitsUntil } from "../today";
import type { Prompt } from "../types";

// A prompt may have stood for days before they answered.
const answered = (prompt: Prompt): string => prompt.replied_at ?? prompt.raised_at;

// After a call that nobody has logged: the one who dialled is asked, the others need not call.
export function called(prompt: Prompt, me: string): string {
    if (calledByOther(prompt, me)) return t("claimed", { name: prompt.called_by_name ?? prompt.called_by ?? "" });
    return t("you_called_at", { name: prompt.contact.first_name || prompt.contact.name, time: when(prompt.called_at ?? prompt.due_at) });
}

export function short(prompt: Prompt): string {
    if (prompt.question === "send" && prompt.section !== "question") return t("delivery_unknown");
    switch (prompt.kind) {
        case "replied":
            return t("replied_ago", { ago: ago(answered(prompt)) });
        case "they_called":
            return t("called_ago", { ago: ago(answered(prompt)) });
        case "promised":
            return Date.parse(prompt.due_at) < Date.now() - 60_000 ? t("overdue", { time: when(prompt.due_at) }) : t("due_at", { time: when(prompt.due_at) });
        case "retry":
            return t("try_number", { count: prompt.attempt });
        case "undelivered":
            return t("not_delivered");
        case "no_warmup":
            return t("no_message");
        case "silent":
            return t("silent_since", { time: when(prompt.raised_at) });
        case "unanswered_question":
            return ago(prompt.raised_at);
    }
}

export function there(prompt: Prompt): string {
    const zone = prompt.contact.time_zone;
    return zone ? t("time_there", { time: clock(Date.now(), zone) }) : t("no_zone");
}

// The rep's clock counts; theirs stands beside it where it differs.
function thereThen(at: string, zone: string | null): string {
    const theirs = zone === null ? when(at) : when(at, zone);
    return theirs === when(at) ? "" : ` (${t("there_then", { time: theirs })})`;
}

export function long(prompt: Prompt, me: string): string {
    const name = prompt.contact.first_name || prompt.contact.name;
    const zone = prompt.contact.time_zone;
    if (prompt.section === "unlogged") return called(prompt, me);
    const early = prompt.good_from !== null && Date.parse(prompt.good_from) > Date.now() && zone ? t("reason_good_from", { name, time: clock(Date.now(), zone), from: when(prompt.good_from, zone) }) : "";
    const waits = early === "" ? waitsUntil(prompt) : null;
    return `${because(prompt, name, zone)} ${waits === null ? early : t("snoozed_until", { name, time: when(waits) })}`.trim();
}

function because(prompt: Prompt, name: string, zone: string | null): string {
    switch (prompt.kind) {
        case "replied":
            return t("reason_replied", { name, ago: ago(answered(prompt)) });
        case "they_called":
            return t("reason_they_called", { name, ago: ago(answered(prompt)) });
        case "promised":
            return `${t("reason_promised", { name, time: when(prompt.due_at) })}${thereThen(prompt.due_at, zone)}`;
        case "retry":
            return t("reason_retry", { count: prompt.attempt });
        case "undelivered":
            return t("reason_undelivered", { name });
        case "no_warmup":
            return t("reason_no_warmup", { name });
        case "silent":
            return prompt.question === "send" ? t("reason_unknown_send", { name }) : t("reason_silent");
        case "unanswered_question":
            return t(question(prompt) === "send" ? "reason_unknown_send" : "reason_question", { name });
    }
}

// Which of the two questions: an unclear "stop", or a message that may or may not have left.
export function question(prompt: Prompt): "stop" | "send" {
    return prompt.question ?? (prompt.contact.delivery === "unknown" && prompt.words === "" ? "send" : "stop");
}
