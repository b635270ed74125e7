// What can come of a call, as buttons; what each means to the server; and whether it needs a next action (every one that keeps the outreach alive).
import type { Key } from "./i18n";
import type { Disposition, Line } from "./types";

export type Outcome = {
    id: string;
    label: Key;
    reached: Disposition["reached"];
    said: Disposition["said"];
    won?: true;
    next: "no_answer" | "talked" | "callback" | null;  // which proposals; null: the outreach ends here
    topic?: true;
    message?: true;  // nobody was reached: a "call me when you have time" may go out
    icon: "chat" | "phone" | "clock" | "people" | "check" | null;
};

export const common: Outcome[] = [
    { id: "talked", label: "o_talked", reached: "human", said: "talked", next: "talked", topic: true, icon: "chat" },
    { id: "no_answer", label: "o_no_answer", reached: "no_answer", said: null, next: "no_answer", message: true, icon: "phone" },
    { id: "machine", label: "o_machine", reached: "machine", said: null, next: "no_answer", message: true, icon: null },
    { id: "later", label: "o_later", reached: "human", said: "callback_asked", next: "callback", icon: "clock" },
    { id: "stop", label: "o_stop", reached: "human", said: "stop", next: null, icon: null },
];

export const rare: Outcome[] = [
    { id: "busy", label: "o_busy", reached: "busy", said: null, next: "no_answer", message: true, icon: null },
    { id: "someone_else", label: "o_someone_else", reached: "someone_else", said: null, next: "no_answer", icon: null },
    { id: "won", label: "o_won", reached: "human", said: "talked", won: true, next: null, topic: true, icon: null },
    { id: "not_interested", label: "o_not_interested", reached: "human", said: "not_interested", next: null, icon: null },
    { id: "wrong_person", label: "o_wrong_person", reached: "human", said: "wrong_person", next: null, icon: null },
    { id: "bad_number", label: "o_bad_number", reached: "bad_number", said: null, next: "no_answer", icon: null },
];

// The next action decides: without one, only an ending can be saved.
export function disposition(outcome: Outcome, nextAt: string | null, topic: string, message: boolean): Disposition | null {
    if (outcome.next !== null && nextAt === null) return null;
    return {
        reached: outcome.reached,
        said: outcome.said,
        next_at: outcome.next === null ? null : nextAt,
        topic: outcome.topic ? topic.trim() : "",
        leave_message: outcome.message === true && message,
        won: outcome.won === true,
    };
}

// What the line says came of it; the rep corrects that. A short talk is often a voice box: nothing is presumed.
export function byLine(line: Line | null | undefined): Outcome | null {
    const talked_s = 20;
    const state = line?.state === "completed" ? (line.seconds >= talked_s ? "talked" : null) : line?.state;
    return [...common, ...rare].find((o) => o.id === state) ?? null;
}

// Which button was pressed for what was sent.
export function outcomeOf({ reached, said, won }: Disposition): Outcome | null {
    return [...common, ...rare].find((o) => o.reached === reached && o.said === said && (o.won === true) === won) ?? null;
}
