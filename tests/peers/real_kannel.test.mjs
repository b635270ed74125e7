// The full loop over a real Kannel: the gateway's message out to its fake operator, the delivery report back, the reply in, the prompt
// on the rep's phone; with emoji and Devanagari both ways.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Kannel } from "./kannel.mjs";
import { PeerTown, rep, until } from "./support.mjs";

const ana = "+61491570156";
const own = "+12025550103";

describe("a real Kannel", () => {
    let town, kannel, id;
    const arrived = (phone) => kannel.arrived.filter((message) => message.to === phone);

    before(async () => {
        town = await PeerTown.make("kannel");
        kannel = await Kannel.start({
            folder: town.folder,
            user: town.channel.settings.username,
            password: town.secret_of("password"),
            get_url: `${town.webhook}?secret=${town.secret_of("webhook_secret")}&from=%q&to=%Q&text=%b&charset=%C&coding=%c&id=%I&time=%T`,
        });
        town.env.SANDBOX_URL = kannel.url; // the gateway speaks to Kannel itself
        await town.start_gateway();
        town.make_token();
    });
    after(async () => {
        await kannel?.stop();
        await town?.close();
    });

    test("a Hindi text with its name reaches the operator as it was written, and is reported delivered", async () => {
        id = await town.enrol("आना 🌼", ana, { language: "hi" });
        await until(() => arrived(ana).length === 1, "the operator has the message");
        assert.match(arrived(ana)[0].text, /आना/);
        await until(async () => (await town.contact(id)).reply_status === "delivered", "Kannel's report");
    });

    test("their answer in Devanagari, with an emoji, is the prompt, and reaches the rep's phone by SMS", async () => {
        const words = "मैं ठीक हूँ, धन्यवाद 🙂";
        kannel.write(ana, own, words);
        await until(async () => (await town.contact(id)).reply_status === "replied", "replied");
        const prompt = await until(async () => (await town.prompts()).find((p) => p.contact.id === id && p.kind === "replied"), "the prompt");
        assert.equal(prompt.words, words);
        await until(() => arrived(rep).some((message) => message.text.includes("आना")), "the notice on the rep's phone");
        assert.equal(arrived(ana).length, 1, "nothing went back to them: our answers to Kannel carry no words");
    });

    test("STOP is confirmed once, and nothing more is sent", async () => {
        kannel.write(ana, own, "STOP");
        await until(async () => (await town.contact(id)).reply_status === "opted_out", "opted out");
        await until(() => arrived(ana).length === 2, "the confirmation");
        assert.equal((await town.api("POST", "/outreaches", { contact_id: id, cadence: "short" })).status, 409);
    });
});
