// What the mock server answers: a rep's day, as canned JSON. Times are relative to now, so that "4 min ago" stays true.
const minute = 60_000;
const hour = 60 * minute;
// Pictures are taken, and places compared, at a fixed hour: so they only change when the console does.
export const monday = Date.parse("2026-11-23T09:12:00Z");
let fixed = null;
export const fixTime = (time) => (fixed = time);
export const at = (ms) => new Date((fixed ?? Date.now()) + ms).toISOString();

const suggestions = () => ({
    no_answer: [
        { label: "Call again in 2 h", at: at(2 * hour) },
        { label: "Tomorrow 10:00", at: at(22 * hour) },
        { label: "In a week", at: at(7 * 24 * hour) },
    ],
    talked: [
        { label: "In two weeks", at: at(14 * 24 * hour) },
        { label: "In a week", at: at(7 * 24 * hour) },
        { label: "In a month", at: at(30 * 24 * hour) },
    ],
    callback: [
        { label: "In 1 h", at: at(1 * hour) },
        { label: "Tomorrow 10:00", at: at(22 * hour) },
    ],
});

const script = {
    replied: ["Ask how the exams went.", "Listen. Personal talk only today.", "End with: “I'll call you Thursday?”"],
    silent: ["“I wrote to you this morning and wanted to hear your voice.”", "Ask how they are. Listen.", "End with: “I'll call you next week.”"],
};

let lastId = 0;

export function prompt(over = {}) {
    const id = over.id ?? ++lastId;
    const name = over.name ?? "Ana Pérez";
    const kind = over.kind ?? "replied";
    const { name: _, contact, ...rest } = over;
    return {
        id,
        kind,
        section: kind === "replied" || kind === "they_called" ? "replied" : kind === "promised" ? "promised" : kind === "unanswered_question" ? "question" : "silent",
        reason: `${name} is next.`,
        words: "",
        question: null,
        outreach: id,
        phase: "call_due",
        rep: "joel",
        owner: "joel",
        raised_at: at(-4 * minute),
        due_at: at(-4 * minute),
        good_from: null,
        attempt: 1,
        script: kind === "replied" ? script.replied : script.silent,
        claimed_by: null,
        claimed_until: null,
        acknowledged_at: null,
        called_at: null,
        suggestions: suggestions(),
        ...rest,
        contact: {
            id: 100 + id,
            name,
            first_name: name.split(" ")[0],
            phone: "+34612345678",
            time_zone: "Europe/Madrid",
            local_time: "10:12",
            language: "es",
            topic: "",
            preferences: {},
            delivery: kind === "replied" ? "replied" : "delivered",
            ...contact,
        },
    };
}

export function day(over = {}) {
    return {
        rep: { id: "joel", name: "Joel Weber", zone: "Europe/Berlin", language: "en" },
        now: at(0),
        called: 0,
        total: 10,
        reached: 0,
        prompts: [],
        unlogged: [],
        later: [],
        done: [],
        provider_ok: true,
        messages_waiting: 0,
        ...over,
    };
}

const farid = () => prompt({ id: 1, name: "Farid Al Amiri", raised_at: at(-1 * minute), words: "الحمد لله، كله تمام. كيف حالك أنت؟", contact: { phone: "+971501234567", time_zone: "Asia/Dubai", language: "ar", topic: "New shop in Deira", preferences: { reach: "WhatsApp first", from: "18:00", to: null, if_lost: "ask his brother Omar" } } });
const ana = () => prompt({ id: 2, name: "Ana Pérez", words: "¡Muy bien, gracias! Lucía tiene exámenes esta semana.", raised_at: at(-9 * minute), contact: { topic: "her mother's knee", preferences: { reach: "WhatsApp first", if_lost: "ask sister Eva" } } });
const early = () => prompt({ id: 3, name: "Grace Kim", section: "good_from", words: "Doing great, thanks for asking!", raised_at: at(-30 * minute), good_from: at(3 * hour), contact: { phone: "+14155550123", time_zone: "America/Los_Angeles", language: "en" } });
const rohan = () => prompt({ id: 4, name: "रोहन मेहता", kind: "promised", due_at: at(-45 * minute), attempt: 1, contact: { first_name: "रोहन", phone: "+919810012345", time_zone: "Asia/Kolkata", language: "hi", topic: "बेटी की शादी" } });
const silent = (id, name, over = {}) => prompt({ id, name, kind: "silent", raised_at: at(-id * 20 * minute), ...over });

const kim = () => prompt({ id: 10, name: "Kim Larsen", raised_at: at(-3 * minute), words: "Fine, thanks!", contact: { phone: null, time_zone: null, language: "da" } });
export const lateOutcome = (id, name, over = {}) => ({ key: String(id).padStart(32, "0"), path: `/api/v1/prompts/${id}/disposition`, body: { reached: "human", said: "talked", next_at: at(7 * 24 * hour), topic: "the new kitchen", leave_message: false, won: false, ...over }, not_before: 0, made: Date.parse(at(-3 * hour)), name, prompt: id });

export const states = {
    no_phone: () => day({ prompts: [kim(), ana()] }),
    // put off by the rep: it is among the replies that are better a bit later
    snoozed: () => day({ prompts: [{ ...ana(), section: "good_from", due_at: at(30 * minute), acknowledged_at: at(-minute) }, rohan()] }),
    busy: () =>
        day({
            called: 4,
            reached: 2,
            prompts: [
                farid(),
                ana(),
                early(),
                rohan(),
                silent(6, "Marie-Claire Vandenbroucke-Oberhauser", { contact: { phone: "+32475123456", time_zone: "Europe/Brussels", language: "fr" } }),
                silent(7, "Tom Okafor", { kind: "retry", attempt: 2, contact: { phone: "+2348012345678", time_zone: "Africa/Lagos" } }),
                silent(9, "Nadia Haddad", { question: "send", contact: { phone: "+962791234567", time_zone: "Asia/Amman", delivery: "unknown" } }),
                silent(8, "Li Wei", { kind: "undelivered", contact: { phone: "+8613812345678", time_zone: "Asia/Shanghai", delivery: "undeliverable" } }),
            ],
            unlogged: [prompt({ id: 5, name: "Sofia Rossi", kind: "silent", section: "unlogged", phase: "wrap_up", called_at: at(-70 * minute), contact: { phone: "+393401234567", time_zone: "Europe/Rome", language: "it" } })],
            later: [
                { contact: { id: 301, name: "Peter Novak", first_name: "Peter" }, due_at: at(2 * hour), kind: "call", sentence: "Call Peter" },
                { contact: { id: 302, name: "آمنة القاسمي", first_name: "آمنة" }, due_at: at(4 * hour), kind: "wait_then_call", sentence: "Wait for آمنة, then call" },
            ],
            done: [{ contact: { id: 401, name: "Hanna Berg", first_name: "Hanna" }, at: at(-2 * hour), text: "We talked. Next: Thursday 10:00" }],
        }),
    questions: () =>
        day({
            called: 1,
            reached: 1,
            prompts: [
                ana(),
                prompt({ id: 21, name: "Diego Luna", kind: "unanswered_question", question: "stop", words: "please stop by at 5", contact: { phone: "+525512345678", time_zone: "America/Mexico_City", language: "en" } }),
                prompt({ id: 22, name: "Nadia Haddad", kind: "unanswered_question", question: "send", words: "", contact: { delivery: "unknown", phone: "+962791234567", time_zone: "Asia/Amman" } }),
            ],
        }),
    claimed: () => day({ prompts: [{ ...farid(), claimed_by: "sam", claimed_until: at(5 * minute) }, ana(), { ...silent(6, "Tom Okafor"), claimed_by: "sam", claimed_until: at(5 * minute) }] }),
    first_run: () => day({ total: 0 }),
    all_done: () => day({ called: 10, reached: 7, later: [{ contact: { id: 301, name: "Peter Novak", first_name: "Peter" }, due_at: at(4 * hour), kind: "call", sentence: "Call Peter" }], done: states.busy().done }),
    waiting: () => day({ called: 2, reached: 1 }),
    provider_down: () => day({ called: 1, provider_ok: false, messages_waiting: 12, prompts: [rohan(), silent(7, "Tom Okafor")] }),
    hostile: () =>
        day({
            prompts: [
                prompt({ id: 31, name: `<img src=x onerror="document.title='owned'"><b>Bobby</b>`, words: `</p><script>document.title="owned"</script> & {{7*7}} ${"A".repeat(300)}`, contact: { first_name: "<i>Bobby</i>", topic: `"><svg onload=alert(1)>`, phone: "+34612345678" } }),
                prompt({ id: 32, name: "\u202Eevil\u202C \u2066\u2066\u2066 Zoë", kind: "silent", contact: { first_name: "\u202Eevil" } }),
                prompt({ id: 33, name: "W".repeat(120), kind: "silent" }),
            ],
        }),
    one: () => day({ called: 0, total: 1, prompts: [ana()] }),
};
