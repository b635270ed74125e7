// Every screen and state of the console, as a way to reach it. Tests walk through all of them; scripts/screenshots takes their pictures.
import { states } from "./world.mjs";

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

export const screens = {
    today: { day: states.busy, go: ready },
    questions: { day: states.questions, go: ready },
    claimed: { day: states.claimed, go: ready },
    first_run: { day: states.first_run, go: ready },
    all_done: { day: states.all_done, go: ready },
    nothing_now: { day: states.waiting, go: ready },
    provider_down: { day: states.provider_down, go: ready },
    hostile: { day: states.hostile, go: ready },
    loading: { day: states.busy, before: (world) => (world.hold = new Promise(() => {})), go: (page) => page.locator(".skeletons").waitFor() },
    error: { day: states.busy, before: (world) => (world.todayStatus = 500), go: (page) => page.locator(".empty").waitFor() },
    signed_out: { day: states.busy, before: (world) => (world.signedIn = false), go: (page) => page.locator(".empty").waitFor() },
    offline: {
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
            await page.locator(".card .round").first().click();
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
    settings: { day: states.busy, go: async (page) => (await ready(page), page.evaluate(() => (location.hash = "#/settings")), page.locator(".panel").first().waitFor()) },
    login: { day: states.busy, path: "/login#t=good-token", go: (page) => page.locator("form button").waitFor() },
    login_paste: { day: states.busy, path: "/login", go: (page) => page.locator(".field").waitFor() },
};

export async function open(page, server, screen) {
    const { day, before, path = "/", go } = screens[screen];
    Object.assign(server.world, { today: day, hold: null, todayStatus: 200, signedIn: true, stream: true });
    before?.(server.world);
    await page.context().setOffline(false);
    if (page.url().startsWith(server.url)) await page.evaluate(() => localStorage.clear());
    await page.goto("about:blank");   // so that a new '#' is a new page
    await page.goto(server.url + path);
    await go(page);
    await page.evaluate(() => document.fonts.ready);
}
