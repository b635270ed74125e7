// The main job over real HTTP, on every provider: a message out through the sandbox, its receipts, the reply and its prompt on the
// rep's phone; the silent contact's prompt; STOP. What the provider posts is verified by other people's code on its way.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { verifiers } from "./providers.mjs";
import { PeerTown, rep, until } from "./support.mjs";

const [ana, silent, stopper] = ["+61491570156", "+61491570157", "+61491570158"];
const bubbles = ["I am well, thank you!", "Lucía has her exams 📚", "और आप?"];

// Whether the provider tells that a message was read, and whether it answers STOP by itself and then takes nothing more.
const rows = [
    { provider: "whatsapp_cloud", tells_read: true, confirms_stop: false },
    { provider: "twilio_sms", tells_read: false, confirms_stop: true },
    { provider: "twilio_whatsapp", tells_read: true, confirms_stop: false },
    { provider: "kannel", tells_read: false, confirms_stop: false },
    { provider: "telnyx", tells_read: false, confirms_stop: true },
    { provider: "vonage_sms", tells_read: false, confirms_stop: false },
    { provider: "vonage_whatsapp", tells_read: true, confirms_stop: false },
].filter(({ provider }) => !process.env.ONLY || process.env.ONLY === provider);

describe("the main job", { concurrency: 3 }, () => {
    for (const row of rows) describe(`on ${row.provider}`, { concurrency: 1 }, () => main_job(row));
});

function main_job({ provider, tells_read, confirms_stop }) {
    let town;
    const ids = {};
    const notices = (name) => town.taken(rep).filter((entry) => entry.text.includes(name));

    before(async () => {
        town = await PeerTown.make(provider, { look: verifiers[provider] });
        await town.start();
        for (const [name, phone] of [["Ana Moreau", ana], ["Silent Sam", silent], ["Stop Sue", stopper]]) {
            ids[phone] = await town.enrol(name, phone, { topic: "the new shop" });
        }
    });
    after(() => town?.close());

    test(`a message goes out once, and its receipts are followed`, async () => {
        await until(async () => ["delivered", "read"].includes((await town.contact(ids[ana])).reply_status), "delivered");
        if (tells_read) {
            await town.control("status", { to: ana, status: "read" });
            await until(async () => (await town.contact(ids[ana])).reply_status === "read", "read");
        }
        assert.equal(town.taken(ana).length, 1);
        assert.ok(town.looked.some((seen) => seen.status === "delivered"), `${provider}'s own code read the receipt`);
    });

    test("a reply in three bubbles, each delivered twice, is one prompt with the words, on the rep's phone", async () => {
        for (const text of bubbles) await town.control("reply", { from: ana, text, copies: 2 });
        await town.control("flush", {});
        await until(async () => (await town.contact(ids[ana])).reply_status === "replied", "replied");
        const prompt = await until(async () => {
            const [one, ...more] = (await town.prompts()).filter((p) => p.contact.id === ids[ana]);
            assert.equal(more.length, 0, "a burst of bubbles is one prompt");
            return one?.kind === "replied" && bubbles.every((words) => one.words.includes(words)) && one;
        }, "the prompt with all the words");
        for (const words of bubbles) assert.equal(prompt.words.split(words).length, 2, `the prompt carries "${words}" once`);
        await until(() => notices("Ana").length === 1, "one notice about Ana on the rep's phone");
        assert.match(notices("Ana")[0].text, /\/p\/\S+/, "with the link to the card");
        assert.ok(town.looked.some((seen) => seen.words === bubbles[1]), `${provider}'s own code read the reply`);
    });

    test("STOP ends it, and nothing is sent any more", async () => {
        await until(() => town.taken(stopper).length === 1, "the message to her");
        await town.control("reply", { from: stopper, text: "STOP" });
        await until(async () => (await town.contact(ids[stopper])).reply_status === "opted_out", "opted out");
        assert.equal((await town.contact(ids[stopper])).outreach.phase, "closed");
        assert.equal((await town.api("POST", "/outreaches", { contact_id: ids[stopper], cadence: "short" })).status, 409, "and cannot be enrolled again");
    });

    test("silence gets its prompt too; the rep calls, and fixes the next date", async () => {
        const quiet = await until(async () => (await town.prompts()).find((p) => p.contact.id === ids[silent]), "the silent contact's prompt");
        assert.equal(quiet.kind, "silent");
        await until(() => notices("Silent").length === 1, "the silent prompt on the rep's phone");
        const by = { "x-warmcall-rep": "joel" };
        const [prompt] = (await town.prompts()).filter((p) => p.contact.id === ids[ana]);
        for (const step of ["claim", "dial", "ended"]) {
            assert.equal((await town.api("POST", `/prompts/${prompt.id}/${step}`, {}, by)).status, 200, step);
        }
        assert.equal((await town.api("POST", `/prompts/${prompt.id}/disposition`, { reached: "human", said: "talked" }, by)).status, 422);
        const next_at = new Date(Date.now() + 3 * 86_400_000).toISOString();
        const done = await town.api("POST", `/prompts/${prompt.id}/disposition`, { reached: "human", said: "talked", next_at, topic: "the exams" }, by);
        assert.equal(done.status, 200, JSON.stringify(done.body));
        const waiting = await town.contact(ids[ana]);
        assert.equal(waiting.outreach.phase, "waiting");
        assert.equal(waiting.topic, "the exams");
        assert.equal(waiting.next_action.owner, "joel");
    });

    test("by the ledger, nobody was written to twice, and other people's code believed every webhook", async () => {
        assert.equal(town.taken(ana).length, 1);
        assert.equal(town.taken(silent).length, 1);
        await until(() => town.taken(stopper).length === (confirms_stop ? 1 : 2), confirms_stop ? "the provider answers STOP itself" : "one confirmation of ours");
        const problems = town.looked.filter((seen) => seen.problem);
        assert.deepEqual(problems, []);
        assert.equal(town.ledger().some((e) => e.kind === "accepted" && e.type === "answer_to_webhook"), false, "our answers to webhooks carry no words");
    });
}
