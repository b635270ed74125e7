// Every screen and state of the console, as a way to reach it. Tests walk through all of them; scripts/screenshots takes their pictures.
import * as people from "./people.mjs";
import { lateOutcome, prompt, states } from "./world.mjs";

const ready = (page) => page.locator("main h1, main .empty").first().waitFor();
const card = async (page, id) => {
    await page.evaluate((to) => (location.hash = to), `#/focus/${id}`);
    await page.locator(".focus, .empty").first().waitFor();
};
const outcome = async (page, id) => {
    await card(page, 5);
    await page.locator(".dock button.main").click();
    await page.locator("dialog[open]").waitFor();
    if (id) await page.locator(`dialog input[value=${id}]`).check({ force: true });
};

const at = (hash, shown) => async (page) => {
    await page.evaluate((to) => (location.hash = to), hash);
    await page.locator(shown).first().waitFor();
};
const imported = async (page) => {
    await at("#/import", ".drop")(page);
    await page.locator(".paste textarea").fill(people.file);
    await page.locator(".paste button").click();
    await page.locator(".columns").waitFor();
};
const checked = async (page) => {
    await imported(page);
    await page.locator(".formfoot .main").click();
    await page.locator(".verdict, .panel progress").waitFor();
};
const onPage = async (page, ...buttons) => {
    await at("#/contact/7", ".contact .facts")(page);
    for (const button of buttons) await page.locator(button).click();
    if (buttons.length > 0) await page.locator("dialog[open]").waitFor();
};

export const screens = {
    today: { day: states.busy, go: ready },
    questions: { day: states.questions, go: ready },
    claimed: { day: states.claimed, go: ready },
    no_phone: { day: states.no_phone, go: async (page) => (await ready(page), card(page, 10)) },
    snoozed: { day: states.snoozed, go: ready },
    unsaved: {
        anew: true,
        day: states.busy,
        go: async (page) => {
            const late = { op: lateOutcome(5, "Sofia Rossi"), why: "conflict", problem: { status: 409, type: "urn:warmcall:problem:late", detail: "This call is over." } };
            const name = "Marie-Claire Vandenbroucke-Oberhauser";
            await page.evaluate((kept) => localStorage.setItem("wc.unsaved", JSON.stringify(kept)), [late, { op: lateOutcome(6, name, { said: null, reached: "no_answer" }), why: "refused", problem: { status: 422, detail: "This day is a holiday there." } }]);
            await page.reload();
            await page.locator(".list-unsaved li").first().waitFor();
        },
    },
    first_run: { day: states.first_run, go: ready },
    all_done: { day: states.all_done, go: ready },
    nothing_now: { day: states.waiting, go: ready },
    provider_down: { day: states.provider_down, go: ready },
    hostile: { day: states.hostile, go: ready },
    loading: { day: states.busy, before: (world) => (world.hold = new Promise(() => {})), go: (page) => page.locator(".skeletons").waitFor() },
    error: { day: states.busy, before: (world) => (world.todayStatus = 500), go: (page) => page.locator(".empty").waitFor() },
    signed_out: { day: states.busy, before: (world) => (world.signedIn = false), go: (page) => page.locator(".empty").waitFor() },
    // `anew`: what cannot follow a change of language in place is opened again in each
    offline: {
        anew: true,
        day: states.busy,
        go: async (page) => {
            await ready(page);
            await page.context().setOffline(true);
            await page.locator(".notice").first().waitFor();
        },
    },
    focus: { day: states.busy, go: async (page) => (await ready(page), card(page, 1)) },
    focus_early: { day: states.busy, go: async (page) => (await ready(page), card(page, 3)) },
    focus_claimed: { day: states.claimed, go: async (page) => (await ready(page), card(page, 1)) },
    focus_question: { day: states.questions, go: async (page) => (await ready(page), card(page, 21)) },
    focus_unknown_send: { day: states.busy, go: async (page) => (await ready(page), card(page, 9)) },
    focus_hostile: { day: states.hostile, go: async (page) => (await ready(page), card(page, 31)) },
    focus_gone: { day: states.busy, go: async (page) => (await ready(page), card(page, 999)) },
    outcome: { day: states.busy, go: async (page) => (await ready(page), outcome(page)) },
    outcome_talked: { day: states.busy, go: async (page) => (await ready(page), outcome(page, "talked")) },
    outcome_no_answer: { day: states.busy, go: async (page) => (await ready(page), outcome(page, "no_answer")) },
    outcome_stop: { day: states.busy, go: async (page) => (await ready(page), outcome(page, "stop")) },
    outcome_pick: {
        day: states.busy,
        go: async (page) => {
            await ready(page);
            await outcome(page, "later");
            await page.locator("dialog input[name=next]").last().check({ force: true });
            await page.locator("dialog input[type=datetime-local]").fill("2020-01-01T10:00");
        },
    },
    snooze: {
        day: states.busy,
        go: async (page) => {
            await ready(page);
            await page.locator(".card button.round").first().click();
            await page.locator("dialog[open]").waitFor();
        },
    },
    logged: {
        day: states.busy,
        go: async (page) => {
            await ready(page);
            await outcome(page, "talked");
            await page.locator("dialog button[type=submit]").click();
            await page.locator(".toast").waitFor();
        },
    },
    contacts: { day: states.busy, go: at("#/contacts", ".list-people") },
    contacts_none: { day: states.first_run, api: { "/api/v1/contacts": { items: [], next: null } }, go: at("#/contacts", ".empty") },
    contacts_not_found: {
        day: states.busy,
        go: async (page) => {
            await at("#/contacts", ".list-people")(page);
            await page.locator("input[type=search]").fill("zzz");
            await page.locator(".pane:not(.pane-card) .empty").waitFor();
        },
    },
    contacts_more: { day: states.busy, api: { "/api/v1/contacts": () => ({ items: people.list(), next: "14" }) }, go: at("#/contacts", ".more") },
    contacts_offline: {
        anew: true,
        day: states.busy,
        go: async (page) => {
            await at("#/contacts", ".list-people")(page);
            await page.context().setOffline(true);
            await page.locator("input[type=search]").fill("a");
            await page.locator(".pane:not(.pane-card) .empty").waitFor();
        },
    },
    contacts_loading: { day: states.busy, before: (world) => (world.holdApi = new Promise(() => {})), go: at("#/contacts", ".skeletons") },
    contact: { day: states.busy, go: (page) => onPage(page) },
    contact_more: { day: states.busy, go: async (page) => (await onPage(page), page.locator(".moreways summary").click()) },
    contact_prompt: { day: states.busy, go: at("#/contact/8", ".contact .facts") },
    contact_question: { day: states.questions, api: { "/api/v1/contacts/7": () => people.contact({ prompt: prompt({ id: 21, name: "Ana Pérez", kind: "unanswered_question", question: "stop", words: "please stop by at 5" }) }) }, go: at("#/contact/7", ".contact .answers") },
    contact_hand: {
        day: states.busy,
        go: async (page) => {
            await onPage(page);
            await page.locator(".contact .panel details summary").click();
            await page.locator(".contact .panel details .wide").click();
            await page.locator("dialog[open]").waitFor();
        },
    },
    contact_bare: {
        day: states.busy,
        api: { "/api/v1/contacts/7": () => people.contact({ phone: null, time_zone: null, topic: "", preferences: {}, consent: null, last_reply: null, outreach: null, next_action: null, reply_status: "none", timeline: [] }) },
        go: at("#/contact/7", ".contact .facts"),
    },
    contact_stopped: { day: states.busy, api: { "/api/v1/contacts/7": () => people.contact({ opted_out: true, reply_status: "opted_out", next_action: null, outreach: null }) }, go: at("#/contact/7", ".contact .facts") },
    contact_hostile: { day: states.busy, api: { "/api/v1/contacts/7": people.hostile }, go: at("#/contact/7", ".contact .facts") },
    contact_missing: { day: states.busy, go: at("#/contact/999", ".pane .empty") },
    contact_pause: { day: states.busy, go: (page) => onPage(page, ".contact .panel .wrap button >> nth=0") },
    contact_end: { day: states.busy, go: (page) => onPage(page, ".contact .panel .wrap button >> nth=1") },
    contact_stop: { day: states.busy, go: (page) => onPage(page, ".moreways summary", ".moreways button >> nth=1") },
    contact_erase: { day: states.busy, go: (page) => onPage(page, ".moreways summary", ".moreways button >> nth=2") },
    contact_merge: {
        day: states.busy,
        go: async (page) => {
            await onPage(page, ".moreways summary", ".moreways button >> nth=0");
            await page.locator("dialog input[type=search]").fill("a");
            await page.locator("dialog .stack .wide").first().waitFor();
        },
    },
    contact_merge_sure: {
        day: states.busy,
        go: async (page) => {
            await onPage(page, ".moreways summary", ".moreways button >> nth=0");
            await page.locator("dialog input[type=search]").fill("a");
            await page.locator("dialog .stack .wide").first().click();
            await page.locator("dialog .pair").waitFor();
        },
    },
    contact_new: { day: states.busy, go: at("#/contact/new", ".form select") },
    contact_new_wrong: {
        day: states.busy,
        go: async (page) => {
            await at("#/contact/new", ".form select")(page);
            await page.locator(".formfoot .main").click();
            await page.locator(".field .wrong").first().waitFor();
        },
    },
    contact_edit: { day: states.busy, go: at("#/contact/7/edit", ".form select") },
    chat: { day: states.busy, go: at("#/contact/7/chat", ".composer") },
    chat_closed: { day: states.busy, api: { "/api/v1/contacts/7/conversation": people.closedConversation }, go: at("#/contact/7/chat", ".whynot") },
    chat_empty: { day: states.busy, api: { "/api/v1/contacts/7/conversation": { items: [], window_open_until: null, may_write: false, why_not: "", why_not_code: "none_live" } }, go: at("#/contact/7/chat", ".whynot") },
    chat_refused: {
        day: states.busy,
        go: async (page, world) => {
            world.answers.set("/messages", { status: 409, body: { title: "No", status: 409, detail: "The 24 hours are over." } });
            await at("#/contact/7/chat", ".composer")(page);
            await page.locator(".composer textarea").fill("Hola, ¿sigues ahí?");
            await page.locator(".sendbutton").click();
            await page.locator(".unsent").waitFor();
        },
    },
    import: { day: states.busy, go: at("#/import", ".drop") },
    import_nothing: {
        day: states.busy,
        go: async (page) => {
            await at("#/import", ".drop")(page);
            await page.locator(".paste textarea").fill(",,,");
            await page.locator(".paste button").click();
            await page.locator(".import .note").waitFor();
        },
    },
    import_columns: { day: states.busy, go: imported },
    import_busy: { day: states.busy, api: { "/api/v1/jobs/j1": () => people.job({ state: "running", done: 2 }) }, go: checked },
    import_checked: { day: states.busy, go: async (page) => (await checked(page), page.locator(".rejects").waitFor()) },
    import_rejects: { day: states.busy, api: { "/api/v1/jobs/j1": () => people.job({ rejected: people.rejected(), rejected_count: people.whyRejected.length }) }, go: async (page) => (await checked(page), page.locator(".rejects").waitFor()) },
    import_saved: {
        day: states.busy,
        go: async (page) => {
            await checked(page);
            await page.locator(".rejects").waitFor();
            await page.locator(".formfoot .main").click();
            await page.locator(".import .empty").waitFor();
        },
    },
    insights: { day: states.busy, go: at("#/insights", ".pictures") },
    insights_tables: { day: states.busy, go: async (page) => (await at("#/insights", ".pictures")(page), page.evaluate(() => document.querySelectorAll(".picture details").forEach((d) => (d.open = true)))) },
    insights_few: { day: states.busy, api: { "/api/v1/insights": () => people.insights({ few: true }) }, go: at("#/insights", ".pictures") },
    insights_none: { day: states.busy, api: { "/api/v1/insights": people.noCalls }, go: at("#/insights", ".pane .empty") },
    insights_error: { day: states.busy, before: (world) => (world.apiStatus = 500), go: at("#/insights", ".pane .empty") },
    settings: { day: states.busy, go: at("#/settings", ".devices li") },
    settings_loses: {
        anew: true,
        day: states.busy,
        go: async (page) => {
            await page.evaluate((kept) => localStorage.setItem("wc.unsaved", JSON.stringify(kept)), [{ op: lateOutcome(5, "Sofia Rossi"), why: "conflict", problem: { status: 409 } }]);
            await page.reload();
            await at("#/settings", ".devices li")(page);
            await page.locator(".panels .panel:last-child button").click(); // in whatever language
            await page.locator("dialog[open]").waitFor();
        },
    },
    settings_away: { day: states.busy, api: { "/api/v1/reps": () => people.reps(new Date(Date.now() + 5 * 86_400_000).toISOString()) }, go: at("#/settings", ".devices li") },
    settings_away_pick: {
        day: states.busy,
        go: async (page) => {
            await at("#/settings", ".devices li")(page);
            await page.locator("[aria-expanded=false]").click();
            await page.locator(".inlineform input").waitFor();
        },
    },
    pairing: {
        day: states.busy,
        go: async (page) => {
            await at("#/settings", ".devices li")(page);
            await page.locator(".devices ~ button.strong").last().click(); // in whatever language
            await page.locator("dialog .qr").waitFor();
        },
    },
    login: { anew: true, day: states.busy, path: "/login#t=good-token", go: (page) => page.locator("form button").waitFor() },
    login_paste: { anew: true, day: states.busy, path: "/login", go: (page) => page.locator(".field").waitFor() },
};

export async function open(page, server, screen, language = "en") {
    const { day, before, path = "/", go, api } = screens[screen];
    Object.assign(server.world, { today: day, hold: null, holdApi: null, todayStatus: 200, apiStatus: 200, signedIn: true, stream: true, api: people.api(api) });
    server.world.answers.clear();
    before?.(server.world);
    await page.context().setOffline(false);
    await page.goto(server.url + "/icon.svg"); // nothing runs there that could remember the screen before
    await page.evaluate((chosen) => {
        localStorage.clear();
        if (chosen !== "en") localStorage.setItem("wc.language", chosen);
    }, language);
    await page.goto(server.url + path);
    await go(page, server.world);
    await page.evaluate(() => document.fonts.ready);
}
