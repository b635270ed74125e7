// Contacts, a conversation, an import and a look back, as canned JSON in the API's own shapes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./console.mjs";
import { at, prompt } from "./world.mjs";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

export function contact(over = {}) {
    return {
        id: 7,
        name: "Ana Pérez",
        first_name: "Ana",
        phone: "+34612345678",
        whatsapp: "34612345678",
        rep: "joel",
        language: "es",
        time_zone: "Europe/Madrid",
        time_zones: ["Europe/Madrid"],
        zone_known: true,
        topic: "her mother's knee",
        preferences: { from: "18:00", to: null, reach: "WhatsApp first", if_lost: "ask sister Eva" },
        consent: { source: "sign-up form", at: "2026-09-12T00:00:00Z", text: "You may write to me on WhatsApp.", covers: [] },
        opted_out: false,
        reply_status: "replied",
        last_reply: { at: at(-9 * minute), words: "¡Muy bien, gracias! Lucía tiene exámenes esta semana.", kind: "text" },
        outreach: { id: 3, cadence: "gentle", phase: "waiting", reason: null, round: 2, attempt: 0, until: at(3 * day), promise: { at: at(3 * day), topic: "her mother's knee" } },
        next_action: { kind: "call", owner: "joel", due_at: at(3 * day), sentence: "Call Ana" },
        prompt: null,
        timeline: [
            { id: 21, at: at(-9 * minute), actor: "provider", what: "replied", text: "" },
            { id: 20, at: at(-50 * minute), actor: "provider", what: "delivery", text: "wellbeing read" },
            { id: 19, at: at(-51 * minute), actor: "provider", what: "delivery", text: "wellbeing delivered" },
            { id: 18, at: at(-52 * minute), actor: "warmcall", what: "wellbeing_queued", text: "main" },
            { id: 17, at: at(-4 * day), actor: "joel", what: "promised", text: "" },
            { id: 16, at: at(-4 * day), actor: "joel", what: "talked", text: "talked" },
            { id: 15, at: at(-4 * day), actor: "joel", what: "dialled", text: "" },
            { id: 14, at: at(-5 * day), actor: "joel", what: "attempt", text: "1 no_answer" },
            { id: 13, at: at(-6 * day), actor: "joel", what: "enrolled", text: "gentle" },
            { id: 12, at: at(-6 * day), actor: "joel", what: "something_newer_than_this_build", text: "" },
        ],
        ...over,
    };
}

const row = (id, name, over = {}) => {
    const { timeline: _, ...rest } = contact({ id, name, first_name: name.split(" ")[0], prompt: null, ...over });
    return rest;
};
const next = (kind, ms) => ({ kind, owner: "joel", due_at: at(ms), sentence: "" });

export const list = () => [
    row(7, "Ana Pérez"),
    row(8, "Farid Al Amiri", { next_action: next("call", -1 * minute) }),
    row(9, "रोहन मेहता", { next_action: next("wait_then_call", 2 * hour) }),
    row(10, "آمنة القاسمي", { next_action: next("send", 20 * hour) }),
    row(11, "Marie-Claire Vandenbroucke-Oberhauser", { next_action: next("resume", 12 * day) }),
    row(12, "Tom Okafor", { next_action: null, opted_out: true }),
    row(13, "Li Wei", { next_action: null, outreach: { id: 9, cadence: "gentle", phase: "closed", reason: "said_no", round: 1, attempt: 0, until: null, promise: null } }),
    row(14, "Hanna Berg", { next_action: null, outreach: null, consent: null }),
];

export const hostile = () =>
    contact({
        name: `<img src=x onerror="document.title='owned'"><b>Bobby</b>`,
        first_name: "<i>Bobby</i>",
        topic: `"><svg onload=alert(1)> ${"A".repeat(300)}`,
        preferences: { from: null, to: null, reach: "\u202Eevil", if_lost: "<script>1</script>" },
        consent: { source: "W".repeat(200), at: "2026-09-12T00:00:00Z", text: "</dd>", covers: ["whatsapp", "sms", "w".repeat(40)] },
        last_reply: { at: at(-9 * minute), words: `</p><script>document.title="owned"</script> ${"B".repeat(300)}`, kind: "text" },
    });

const said = (ms, from_contact, text, over = {}) => ({ at: at(ms), from_contact, text, kind: from_contact ? "text" : "wellbeing", status: from_contact ? null : "read", ...over });

export const conversation = (over = {}) => ({
    items: [
        said(-9 * minute, true, "¡Muy bien, gracias! Lucía tiene exámenes esta semana."),
        said(-52 * minute, false, "Hola Ana, ¿cómo estás? Espero que todo vaya bien por Madrid. Joel"),
        said(-4 * day + 40 * minute, true, "sent a voice message", { kind: "voice" }),
        said(-4 * day, false, "Te llamo el jueves a las diez.", { kind: "conversation", status: "delivered" }),
        said(-5 * day, false, "Ana, llámame cuando tengas un momento.", { kind: "call_me_back", status: "undeliverable" }),
    ],
    window_open_until: at(23 * hour),
    may_write: true,
    why_not: null,
    why_not_code: null,
    ...over,
});

export const closedConversation = () => conversation({ window_open_until: null, may_write: false, why_not: "The 24 hours after their last message are over.", why_not_code: "window_closed" });

export const me = () => ({
    rep: { id: "joel", name: "Joel Weber", zone: "Europe/Berlin", language: "en" },
    token: null,
    cadences: [
        { name: "gentle", title: "Gentle: a word, then a call" },
        { name: "brisk", title: "Brisk" },
    ],
    reps: [
        { id: "joel", name: "Joel Weber" },
        { id: "sam", name: "Sam Carter" },
    ],
});

export const reps = (away = null) => ({
    items: [
        { id: "joel", name: "Joel Weber", zone: "Europe/Berlin", language: "en", stand_in: "sam", lead: null, away_until: away },
        { id: "sam", name: "Sam Carter", zone: "Europe/Berlin", language: "en", stand_in: null, lead: null, away_until: null },
    ],
});

export const sessions = () => ({
    items: [
        { id: "a1", device: "Chrome on Android", created_at: at(-20 * day), seen_at: at(-1 * minute), expires_at: at(10 * day), current: true },
        { id: "b2", device: "Firefox on Linux", created_at: at(-9 * day), seen_at: at(-2 * day), expires_at: at(20 * day), current: false },
    ],
});

export const phones = () => ({
    items: [
        { id: "p1", way: "web_push", name: "Chrome · Android", after_s: 0, removable: true, seen_at: at(-1 * minute), told_at: at(-3 * hour), problem: null },
        { id: "p2", way: "message", name: "WhatsApp", after_s: 180, removable: false, seen_at: null, told_at: null, problem: null },
        { id: "p3", way: "ntfy", name: "", after_s: 600, removable: false, seen_at: null, told_at: at(-3 * hour), problem: "The server does not know this topic (403)." },
    ],
    push_key: "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
});

// a QR code of "https://warmcall.test/login#t=…" is the real server's; a square will do for the layout
export const link = () => ({
    url: "https://warmcall.test/login#t=abcdefghijklmnop",
    expires_at: at(10 * minute),
    qr_svg: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 41 41"><path fill="#fff" d="M0,0h41v41H0z"/><path d="${Array.from({ length: 400 }, (_, n) => `M${4 + ((n * 7) % 33)},${4 + ((n * 13) % 33)}h1v1h-1z`).join("")}"/></svg>`,
});

// A row for each reason that the API's description names.
const { properties } = JSON.parse(readFileSync(join(root, "bot/web/openapi.json"), "utf8")).components.schemas.Job;
export const whyRejected = properties.rejected.items.properties.code.enum;
const whyValues = { phone_twice: { line: "2" }, not_enrolled: { why: "no_consent" } };
export const rejected = () => whyRejected.map((code, n) => ({ line: 2 + n, reason: "in English only", code, values: whyValues[code] ?? { known: "joel, sam" } }));
export const job = (over = {}) => ({ state: "done", stage: "checked", dry_run: true, total: 5, done: 5, accepted: 3, rejected: [{ line: 3, reason: "phone: this number is a contact already", code: "phone_known" }, { line: 5, reason: "phone: write the number with its country code", code: "phone_unreadable" }], rejected_count: 2, columns: [], encoding: "UTF-8", problem: null, ...over });

export const file = "Customer;Mobile;Notes;Town\nAna Pérez;+34 612 345 678;her knee;Madrid\nFarid Al Amiri;+971 50 123 4567;new shop;Dubai\nरोहन मेहता;+91 98100 12345;बेटी की शादी;Pune\nTom;12;;Lagos\nآمنة القاسمي;+971 50 765 4321;;Sharjah\n";

export function insights({ few = false } = {}) {
    const days = Array.from({ length: 28 }, (_, n) => {
        const date = new Date(Date.parse(at(0)) - (27 - n) * day);
        const weekend = [0, 6].includes(date.getUTCDay());
        const calls = few ? (n === 27 ? 2 : 0) : weekend ? 0 : 6 + ((n * 5) % 7);
        return { date: date.toISOString().slice(0, 10), calls, reached: Math.floor(calls * (0.3 + (n % 3) * 0.1)) };
    });
    if (few) return { ...nothing(), days, after_reply: { calls: 1, reached: 1 }, without_reply: { calls: 1, reached: 0 }, tries: [1, 0, 0, 0, 0], hours: [{ weekday: 0, hour: 10, calls: 2, reached: 1 }] };
    const hours = [];
    for (let weekday = 0; weekday < 6; weekday++)
        for (let h = 9; h < 20; h++) {
            const calls = (weekday * 7 + h * 5) % 6;
            if (calls > 0) hours.push({ weekday, hour: h, calls, reached: h >= 17 ? Math.ceil(calls * 0.8) : Math.floor(calls * 0.4) });
        }
    return {
        zone: "Europe/Berlin",
        days,
        after_reply: { calls: 62, reached: 45 },
        without_reply: { calls: 98, reached: 31 },
        tries: [41, 19, 9, 5, 2],
        hours,
        promises: { kept: 17, late: 3, open: 1 },
        reply_to_call: { up_to_min: [5, 30, 120, 480], calls: [14, 22, 13, 8, 5], median_min: 21 },
    };
}
const nothing = () => ({ zone: "Europe/Berlin", days: Array.from({ length: 28 }, (_, n) => ({ date: new Date(Date.parse(at(0)) - (27 - n) * day).toISOString().slice(0, 10), calls: 0, reached: 0 })), after_reply: { calls: 0, reached: 0 }, without_reply: { calls: 0, reached: 0 }, tries: [0, 0, 0, 0, 0], hours: [], promises: { kept: 0, late: 0, open: 0 }, reply_to_call: { up_to_min: [5, 30, 120, 480], calls: [0, 0, 0, 0, 0], median_min: null } });
export const noCalls = nothing;

// The whole API of those screens. What a state needs otherwise goes into `over`, by path.
export function api(over = {}) {
    return (path, query) => {
        const made = over[path];
        if (made !== undefined) return typeof made === "function" ? made(query) : made;
        if (path === "/api/v1/contacts") {
            const search = (query.get("search") ?? "").toLowerCase();
            const items = list().filter((each) => each.name.toLowerCase().includes(search));
            return { items, next: null };
        }
        if (path === "/api/v1/contacts/7") return contact();
        if (path === "/api/v1/contacts/8") return contact({ id: 8, name: "Farid Al Amiri", first_name: "Farid", prompt: prompt({ id: 1, name: "Farid Al Amiri", contact: { id: 8, phone: "+971501234567" } }) });
        if (path === "/api/v1/contacts/7/conversation") return conversation();
        if (path === "/api/v1/me") return me();
        if (path === "/api/v1/reps") return reps();
        if (path === "/api/v1/sessions") return sessions();
        if (path === "/api/v1/devices") return phones();
        if (path === "/api/v1/calendar") return { url: "https://warmcall.test/cal/3q2-7wAAAAAAAAAAAAAAAAAAAAAA.ics" };
        if (path === "/api/v1/insights") return insights();
        if (path === "POST /api/v1/reps/joel/sign_in_link") return link();
        if (path === "POST /api/v1/contacts/import") return { job: "j1" };
        if (path === "/api/v1/jobs/j1") return job();
        return undefined;
    };
}
