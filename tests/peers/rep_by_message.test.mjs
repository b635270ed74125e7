// A rep with nothing but a phone that takes messages: digits over SMS, buttons over WhatsApp, and the morning's three. The real gateway, the real
// sandbox; its ledger tells what the rep was sent.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { PeerTown, rep, until } from "./support.mjs";

const ana = "+61491570156";
const binary = process.env.WARMCALL ?? "build/release/warmcall";

// What the rep was sent so far, as text.
const told = (town) => town.taken(rep).map((entry) => entry.text ?? "");
const says = (town, words) => until(() => told(town).some((text) => text.includes(words)), `the rep to read “${words}”: ${told(town).join(" / ")}`);
const answer = (town, text, extra = {}) => town.control("reply", { from: rep, text, ...extra });
const prompt_of = async (town, id) => (await town.contact(id)).prompt;

// Ana was asked how she is, wrote back, and the rep was told.
async function prompted(town) {
    const id = await town.enrol("Ana Silva", ana);
    await until(() => town.taken(ana).length === 1, "the well-being text");
    await town.control("reply", { from: ana, text: "All well, thank you" });
    await until(() => prompt_of(town, id), "a prompt");
    await until(() => told(town).length > 0, "the rep's message");
    return id;
}

describe("over SMS", () => {
    let town, id;
    before(async () => {
        town = await PeerTown.make("twilio_sms");
        await town.start();
        id = await prompted(town);
    });
    after(() => town?.close());

    test("the prompt says what each digit does, with one link", () => {
        assert.match(told(town)[0], /1 I'll call now, 2 In 30 minutes, 3 In 2 hours/);
        assert.equal(told(town)[0].match(/https?:/g).length, 1);
    });

    test("1 takes the prompt, and the rep reads so; 1 once more is answered as kindly", async () => {
        await answer(town, "1");
        await says(town, "Ana is yours. Good talk!");
        assert.equal((await prompt_of(town, id)).claimed_by, "joel");
        await answer(town, "1");
        await until(() => told(town).filter((text) => text.includes("Ana is yours")).length === 2, "the second answer");
        assert.equal((await prompt_of(town, id)).claimed_by, "joel");
    });

    test("a digit that comes after the call was logged changes nothing, and says so", async () => {
        const { id: prompt } = await prompt_of(town, id);
        const by = { "x-warmcall-rep": "joel" };
        const next_at = new Date(Date.now() + 3 * 86_400_000).toISOString();
        assert.equal((await town.api("POST", `/prompts/${prompt}/dial`, {}, by)).status, 200);
        assert.equal((await town.api("POST", `/prompts/${prompt}/disposition`, { reached: "human", said: "agreed_next", next_at }, by)).status, 200);
        const before = (await town.contact(id)).next_action;
        await answer(town, "2");
        await says(town, "Ana has been dealt with already. Nothing to do.");
        assert.deepEqual((await town.contact(id)).next_action, before);
    });

    test("what a rep writes never becomes a customer's reply, and a customer's digit is only a reply", async () => {
        await answer(town, "running late, back at 3");
        await town.control("reply", { from: ana, text: "1" });
        await until(async () => (await town.contact(id)).last_reply?.words === "1", "Ana's own word");
        assert.equal((await town.api("GET", "/contacts?limit=50")).body.items.length, 1, "no contact was made of the rep");
    });
});

// It is past ten where the rep is, whose work began at nine, and Ana waits.
async function morning(provider) {
    const town = await PeerTown.make(provider);
    const east = ((10 - new Date().getUTCHours() + 12 + 24) % 24) - 12;
    const text = readFileSync(town.config, "utf8")
        .replace('zone = "Australia/Sydney"', `zone = "Etc/GMT${east > 0 ? "-" : "+"}${Math.abs(east)}"`)
        .replace('channel = "main"\n', 'channel = "main"\nlock_screen = "quote"\n')
        .replaceAll("00:00-24:00", "09:00-24:00");
    writeFileSync(town.config, text);
    await town.start_sandbox();
    const people = join(town.folder, "people.csv");
    writeFileSync(people, `name,phone,language,consent_source,consent_at,consent_text\nAna Silva,${ana},en,form,2026-01-05,You may write to me\n`);
    execFileSync(binary, ["import", people, "--config", town.config, "--rep", "joel", "--cadence", "short"], { env: town.env, cwd: new URL("../..", import.meta.url).pathname, stdio: "ignore" });
    await town.start_gateway();
    town.make_token();
    await says(town, "Good morning, Joel. Calls waiting for you today: 1.");
    return town;
}

describe("in the morning, over WhatsApp through Vonage", () => {
    let town;
    before(async () => (town = await morning("vonage_whatsapp")));
    after(() => town?.close());

    test("a tap on the greeting's button comes back as ours", async () => {
        await answer(town, undefined, { about: "last", tap: 0 });
        await says(town, "Ana comes first");
    });
});

describe("in the morning, over WhatsApp", () => {
    let town;
    before(async () => (town = await morning("whatsapp_cloud")));
    after(() => town?.close());

    test("one approved text with three quick replies greets the rep", () => {
        const greeting = town.taken(rep).find((entry) => (entry.text ?? "").startsWith("Good morning"));
        assert.equal(greeting.type, "template");
    });

    test("Start opens the day and the window: a prompt after it has buttons and quotes what was written", async () => {
        await answer(town, undefined, { about: "last", tap: 0 });
        await says(town, "Ana comes first");
        await town.control("reply", { from: ana, text: "All well, thank you" });
        await says(town, '"All well, thank you"');
        const told_so = town.taken(rep).find((entry) => (entry.text ?? "").includes("All well"));
        assert.equal(told_so.type, "interactive");
        await answer(town, undefined, { about: "last", tap: 0 });
        await says(town, "Ana is yours");
    });

    test("a forged tap does nothing, whoever sends it", async () => {
        const day = new Date().toISOString().slice(0, 10);
        await town.control("reply", { from: rep, about: "last", type: "button", text: "Off today", payload: `wc1.day.${day}.off.${"A".repeat(22)}` });
        await town.control("reply", { from: ana, about: "last", type: "button", text: "Off today", payload: `wc1.day.${day}.off.${"A".repeat(22)}` });
        await until(async () => (await (await fetch(`${town.url}/metrics`, { headers: { authorization: `Bearer ${town.token}` } })).text()).includes('forged tap'), "counted");
        const { body } = await town.api("GET", "/reps");
        assert.equal(JSON.stringify(body).includes('"away_until":null'), true, JSON.stringify(body));
    });
});
