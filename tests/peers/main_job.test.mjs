// The main job over real HTTP, with someone else's code at the provider's end: npm whatsapp-api-js verifies and parses every
// webhook of the sandbox before it is passed on byte for byte, vouches for the signatures we post with, and is a client of the
// sandbox's API beside ours.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { WhatsAppAPI } from "whatsapp-api-js";
import { Text } from "whatsapp-api-js/messages";
import { number_id, reply_body, Town, until } from "../process/support.mjs";

const rep = "+61491570110";
const [ana, silent, stopper] = ["+61491570156", "+61491570157", "+61491570158"];
let town, peer, relay;
const seen = { statuses: [], messages: [] }; // as whatsapp-api-js read them

before(async () => {
    relay = createServer(async (request, response) => {
        const pieces = [];
        for await (const piece of request) pieces.push(piece);
        const raw = Buffer.concat(pieces);
        const signature = request.headers["x-hub-signature-256"];
        await peer.post(JSON.parse(raw), raw.toString(), signature).catch((problem) => seen.statuses.push({ problem }));
        const answer = await fetch(`${town.url}/webhooks/main`, { method: "POST", headers: { "content-type": request.headers["content-type"], "x-hub-signature-256": signature }, body: raw })
            .catch(() => ({ status: 503 }));
        response.writeHead(answer.status).end();
    });
    await new Promise((done) => relay.listen(0, "127.0.0.1", done));
    town = await Town.make({ webhook: `http://127.0.0.1:${relay.address().port}/` });
    peer = new WhatsAppAPI({
        token: town.token_secret,
        appSecret: town.secret,
        webhookVerifyToken: town.verify,
        v: "v24.0",
        ponyfill: {
            subtle: globalThis.crypto.subtle,
            fetch: (url, options) => fetch(String(url).replace("https://graph.facebook.com", town.sandbox_url), options),
        },
    });
    peer.on.status = (status) => void seen.statuses.push(status);
    peer.on.message = (message) => void seen.messages.push(message);
    await town.start_sandbox();
    await town.start_gateway();
    town.make_token();
});
after(async () => {
    await town?.close();
    relay?.close();
});

const contact = async (id) => (await town.api("GET", `/contacts/${id}`)).body;
const prompts = async () => (await town.api("GET", "/prompts?rep=joel&state=open")).body.items;
const sent_to = (phone, template) => town.ledger().filter((e) => e.kind === "accepted" && e.wa_id === phone.slice(1) && e.template === template);

test("message, receipts, reply, one prompt with the words on the rep's phone; silence gets its prompt too; STOP ends it", async () => {
    const ids = {};
    for (const [name, phone] of [["Ana Moreau", ana], ["Silent Sam", silent], ["Stop Sue", stopper]]) {
        const { status, body } = await town.add(name, phone, { topic: "the new shop" });
        assert.equal(status, 201, JSON.stringify(body));
        ids[phone] = body.id ?? body.contact.id;
    }

    // The message goes out once, and the receipts are followed.
    const states = new Set();
    await until(async () => {
        states.add((await contact(ids[ana])).reply_status);
        return states.has("read") || states.has("delivered");
    }, "delivered");
    await town.control("status", { to: ana, status: "read" });
    await until(async () => (await contact(ids[ana])).reply_status === "read", "read");
    assert.equal(sent_to(ana, "wellbeing").length, 1);
    assert.ok(seen.statuses.some((s) => s.status === "delivered" && s.phone === ana.slice(1)), "whatsapp-api-js read the delivered receipt");
    assert.ok(!seen.statuses.some((s) => s.problem), "whatsapp-api-js could verify and read every webhook");

    // The reply, vouched for by whatsapp-api-js, in three bubbles and delivered twice.
    for (const [n, words] of ["I am well, thank you!", "Lucía has her exams 📚", "और आप?"].entries()) {
        const body = reply_body(ana, `wamid.PEER${n}`, words);
        assert.ok(await peer.verifyRequestSignature(body, town.sign(body)), "whatsapp-api-js takes our signature");
        for (let copy = 0; copy < 2; ++copy) assert.equal((await town.post(body)).status, 200);
    }
    const answered = await contact(ids[ana]);
    assert.equal(answered.reply_status, "replied");
    const [prompt, ...more] = (await prompts()).filter((p) => p.contact.id === ids[ana]);
    assert.equal(more.length, 0, "a burst of bubbles is one prompt");
    assert.equal(prompt.kind, "replied");
    for (const words of ["I am well, thank you!", "Lucía has her exams 📚", "और आप?"]) {
        assert.equal(prompt.words.split(words).length, 2, `the prompt carries "${words}" once`);
    }
    await until(() => sent_to(rep, "rep_notice").length > 0, "the prompt on the rep's phone");
    const notices = () => town.ledger().filter((e) => e.kind === "request" && e.to === rep && e.body.includes("Ana"));
    await until(() => notices().length === 1, "one notice about Ana");
    assert.match(notices()[0].body, /\/p\/[^"\\]+/, "with the link to the card");

    // The third one writes STOP: one confirmation, and never again.
    const stop = reply_body(stopper, "wamid.PEERSTOP", "Stop.");
    assert.equal((await town.post(stop)).status, 200);
    const stopped = await contact(ids[stopper]);
    assert.equal(stopped.reply_status, "opted_out");
    assert.equal(stopped.outreach.phase, "closed");
    assert.equal((await town.api("POST", "/outreaches", { contact_id: ids[stopper], cadence: "short" })).status, 409, "and cannot be enrolled again");

    // The second one says nothing: the lead time ends, and the call is due all the same.
    const quiet = await until(async () => (await prompts()).find((p) => p.contact.id === ids[silent]), "the silent contact's prompt");
    assert.equal(quiet.kind, "silent");
    await until(() => town.ledger().some((e) => e.kind === "request" && e.to === rep && e.body.includes("Silent")), "the silent prompt on the rep's phone");

    // The rep calls; an outcome without a next action is refused; then the next date is fixed.
    const by = { "x-warmcall-rep": "joel" };
    for (const step of ["claim", "dial", "ended"]) {
        assert.equal((await town.api("POST", `/prompts/${prompt.id}/${step}`, {}, by)).status, 200, step);
    }
    assert.equal((await town.api("POST", `/prompts/${prompt.id}/disposition`, { reached: "human", said: "talked" }, by)).status, 422);
    const next_at = new Date(Date.now() + 3 * 86_400_000).toISOString();
    const done = await town.api("POST", `/prompts/${prompt.id}/disposition`, { reached: "human", said: "talked", next_at, topic: "the exams" }, by);
    assert.equal(done.status, 200, JSON.stringify(done.body));
    const waiting = await contact(ids[ana]);
    assert.equal(waiting.outreach.phase, "waiting");
    assert.equal(waiting.topic, "the exams");
    assert.equal(waiting.next_action.owner, "joel");
    assert.ok(!(await prompts()).some((p) => p.contact.id === ids[ana]), "the prompt is done");

    // By the ledger: one well-being text each, one confirmation, nothing after it.
    for (const phone of [ana, silent, stopper]) assert.equal(sent_to(phone, "wellbeing").length, 1);
    const to_stopper = town.ledger().filter((e) => e.kind === "accepted" && e.wa_id === stopper.slice(1));
    assert.equal(to_stopper.length, 2, "the text, and one confirmation");
});

test("a client of somebody else's finds the sandbox to be the Cloud API", async () => {
    const phone = "+61491570159";
    await town.control("contact", { phone, name: "Peer", window: "open" });
    const answer = await peer.sendMessage(number_id, phone, new Text("hello from whatsapp-api-js"));
    assert.match(answer.messages[0].id, /^wamid\./);
    await until(() => seen.statuses.some((s) => s.id === answer.messages[0].id && s.status === "delivered"), "its receipt");
});
