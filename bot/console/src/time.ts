// Times as people say them, in the rep's language; the other person's zone where it matters.
import { region, t } from "./i18n";
import type { Prompt, Suggestion } from "./types";

const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const key = region() + JSON.stringify(options);
    let found = formats.get(key);
    if (found === undefined) {
        try {
            found = new Intl.DateTimeFormat(region(), options);
        } catch {  // a zone this browser does not know
            found = new Intl.DateTimeFormat(region(), { ...options, timeZone: undefined });
        }
        formats.set(key, found);
    }
    return found;
}

const inZone = (zone?: string | null): Intl.DateTimeFormatOptions => (zone ? { timeZone: zone } : {});

export const clock = (at: string | number, zone?: string | null): string =>
    format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...inZone(zone) }).format(new Date(at));

export const longDate = (at: number): string => format({ weekday: "long", day: "numeric", month: "long" }).format(at);

// A day that was written down as a day: the same one wherever it is read.
export const dayItself = (at: string): string => format({ day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).format(new Date(at));

export const day = (at: string): string => format({ day: "numeric", month: "short", year: "numeric" }).format(new Date(at));

const dayOf = (at: string | number, zone?: string | null): string =>
    new Intl.DateTimeFormat("en-CA", inZone(zone)).format(new Date(at));

// "10:12", "Tomorrow 10:12", "Thu 3 Dec, 10:12"
export function when(at: string | number, zone?: string | null): string {
    const time = clock(at, zone);
    if (dayOf(at, zone) === dayOf(Date.now(), zone)) return time;
    if (dayOf(at, zone) === dayOf(Date.now() + 86_400_000, zone)) return t("tomorrow_at", { time });
    return format({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...inZone(zone) }).format(new Date(at));
}

export function ago(at: string): string {
    const seconds = Math.min(0, (Date.parse(at) - Date.now()) / 1000);
    return relative(seconds);
}

export const until = (at: string): string => relative(Math.max(0, (Date.parse(at) - Date.now()) / 1000));

function relative(seconds: number): string {
    const words = new Intl.RelativeTimeFormat(region(), { numeric: "auto", style: "short" });
    const size = Math.abs(seconds);
    if (size < 45) return words.format(0, "second");
    if (size < 3570) return words.format(Math.round(seconds / 60), "minute");
    if (size < 86_400) return words.format(Math.round(seconds / 3600), "hour");
    return words.format(Math.round(seconds / 86_400), "day");
}

const hour = 3600_000;
const day_ms = 24 * hour;

// A chip: today's and far times as a distance ("In 2 hr.", "In 2 weeks"), the days between by name. The exact time stands below the chips.
export function chip(at: string): string {
    const ahead = Date.parse(at) - Date.now();
    if (ahead > 0 && ahead < 11 * hour && dayOf(at) === dayOf(Date.now())) return capital(until(at));
    if (ahead < 6.5 * day_ms) return when(at);
    const words = new Intl.RelativeTimeFormat(region(), { numeric: "always" });
    return capital(ahead < 27 * day_ms ? words.format(Math.round(ahead / (7 * day_ms)), "week") : words.format(Math.round(ahead / (30 * day_ms)), "month"));
}

const capital = (text: string): string => text.slice(0, 1).toLocaleUpperCase(region()) + text.slice(1);

function atHour(days: number, hours: number): string {
    const then = new Date();
    then.setDate(then.getDate() + days);
    then.setHours(hours, 0, 0, 0);
    return then.toISOString();
}

// What the server proposed and is still ahead; without it (saved list, long offline) a plain set, so that a call can always be logged.
export function suggestions(prompt: Prompt, of: "no_answer" | "talked" | "callback"): Suggestion[] {
    const ahead = (prompt.suggestions?.[of] ?? []).filter((s) => Date.parse(s.at) > Date.now()).slice(0, 4);
    if (ahead.length > 0) return ahead;
    const later = new Date(Math.ceil((Date.now() + 2 * hour) / (15 * 60_000)) * 15 * 60_000).toISOString();
    const times = of === "talked" ? [atHour(14, 10), atHour(7, 10), atHour(30, 10)] : [later, atHour(1, 10), atHour(7, 10)];
    return times.map((at) => ({ label: "", at }));
}

// <input type=datetime-local> speaks the phone's own zone without naming it.
export function toLocalInput(at: number): string {
    const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
    return local.toISOString().slice(0, 16);
}

export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

// ---- for pictures

// "2026-11-23", a day on the rep's own calendar: noon keeps it that day everywhere.
export const shortDate = (date: string): string => (date === "" ? "" : format({ day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(`${date}T12:00:00Z`)));

// 0 is Monday; 5 January 1970 was one.
export const weekdayName = (weekday: number): string => format({ weekday: "short", timeZone: "UTC" }).format(new Date(Date.UTC(1970, 0, 5 + weekday, 12)));

export const hourName = (of: number): string => format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" }).format(new Date(Date.UTC(1970, 0, 5, of % 24)));

// "5 min", "2 hr"
export function span(minutes: number): string {
    const [value, unit] = minutes < 90 ? [minutes, "minute"] : [Math.round(minutes / 6) / 10, "hour"];
    return (value as number).toLocaleString(region(), { style: "unit", unit: unit as string, unitDisplay: "short" });
}
