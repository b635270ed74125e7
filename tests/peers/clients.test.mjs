// Other people's clients against the sandbox, and their signatures against the gateway: the two were written from one document, so
// somebody else has to say that both read it right.
import { webcrypto } from "node:crypto";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { tokenGenerate } from "@vonage/jwt";
import Telnyx from "telnyx";
import twilio from "twilio";
import { WhatsAppAPI } from "whatsapp-api-js";
import { Text } from "whatsapp-api-js/messages";
import { reply_body } from "../process/support.mjs";
import { PeerTown, until } from "./support.mjs";

globalThis.crypto ??= webcrypto; // Debian 12's node 18 has it under its module's name only, and @vonage/jwt asks the browser's

const [ana, peer_phone] = ["+61491570156", "+61491570159"];

// A town of one provider, made before its tests and closed behind them.
function on(provider, tests) {
    describe(`${provider} and its own library`, () => {
        const place = {};
        before(async () => {
            place.town = await PeerTown.make(provider);
            await place.town.start();
        });
        after(() => place.town?.close());
        tests(place);
    });
}

const post = (url, body, headers) => fetch(url, { method: "POST", body, headers });
const form_type = { "content-type": "application/x-www-form-urlencoded" };

on("whatsapp_cloud", (place) => {
    const api = (town) =>
        new WhatsAppAPI({
            token: town.secret_of("access_token"),
            appSecret: town.secret_of("app_secret"),
            v: "v24.0",
            ponyfill: {
                subtle: webcrypto.subtle,
                fetch: (url, options) => fetch(String(url).replace("https://graph.facebook.com", town.sandbox_url), options),
            },
        });

    test("whatsapp-api-js finds the sandbox to be the Cloud API", async () => {
        const { town } = place;
        await town.control("contact", { phone: peer_phone, name: "Peer", window: "open" });
        const answer = await api(town).sendMessage("300000000000002", peer_phone, new Text("hello from whatsapp-api-js"));
        assert.match(answer.messages[0].id, /^wamid\./);
        assert.equal(town.taken(peer_phone)[0].text, "hello from whatsapp-api-js");
    });

    test("whatsapp-api-js takes the signatures that our tests post with, and the gateway takes them too", async () => {
        const { town } = place;
        town.secret = town.secret_of("app_secret");
        const body = reply_body(ana, "wamid.PEER1", "और आप? 📚");
        assert.ok(await api(town).verifyRequestSignature(body, town.sign(body)));
        assert.equal((await town.post(body)).status, 200);
        assert.equal((await town.post(body, `sha256=${"0".repeat(64)}`)).status, 401);
    });
});

on("twilio_sms", (place) => {
    class ToSandbox extends twilio.RequestClient {
        request(options) {
            return super.request({ ...options, uri: options.uri.replace(/^https:\/\/[a-z.]+/, place.town.sandbox_url) });
        }
    }
    const client = () => twilio(place.town.channel.settings.account_sid, place.town.secret_of("auth_token"), { httpClient: new ToSandbox() });
    const from = "+12025550101";

    test("npm twilio sends, fetches and lists through the sandbox", async () => {
        const { town } = place;
        const sent = await client().messages.create({ to: peer_phone, from, body: "hello from npm twilio 🙂", statusCallback: `${town.webhook}/status/00` });
        assert.match(sent.sid, /^SM[0-9a-f]{32}$/);
        assert.equal(sent.status, "queued");
        await town.control("flush", {});
        const fetched = await until(async () => {
            const found = await client().messages(sent.sid).fetch();
            return found.status === "delivered" && found;
        }, "delivered, as npm twilio reads it");
        assert.equal(fetched.body, "hello from npm twilio 🙂");
        for (let n = 0; n < 3; ++n) await town.control("reply", { from: peer_phone, text: `answer ${n}` });
        const all = await client().messages.list({ pageSize: 2 });
        assert.equal(all.length, 4, "over two pages");
        assert.deepEqual((await client().messages.list({ to: peer_phone })).map((m) => m.sid), [sent.sid]);
        const today = new Date(Date.now() - 60_000);
        assert.equal((await client().messages.list({ dateSentAfter: today, from: peer_phone })).length, 3);
    });

    test("npm twilio reads the sandbox's refusals", async () => {
        const refused = (wanted, code) => assert.rejects(client().messages.create({ to: peer_phone, from, body: "x", ...wanted }), (problem) => problem.code === code && problem.moreInfo.endsWith(String(code)));
        await refused({ to: "12" }, 21211);
        await refused({ from: "+12025550188" }, 21606);
        await refused({ body: "x".repeat(1601) }, 21617);
        await place.town.control("reply", { from: peer_phone, text: "STOP" });
        await refused({}, 21610);
        await place.town.control("rules", { then: "too-many-requests", times: 1 });
        await place.town.control("reply", { from: peer_phone, text: "START" });
        await refused({}, 20429);
    });

    test("npm twilio makes a content template and has it approved", async () => {
        const made = await client().content.v1.contents.create({ friendly_name: "hello", language: "en", variables: { 1: "Ines" }, types: { "twilio/text": { body: "Hi {{1}}!" } } });
        assert.match(made.sid, /^HX/);
        await client().content.v1.contents(made.sid).approvalCreate.create({ name: "hello", category: "MARKETING" });
        assert.equal((await client().content.v1.contents(made.sid).approvalFetch().fetch()).whatsapp.status, "approved");
    });

    test("the gateway believes what npm twilio signs, and nothing else", async () => {
        const { town } = place;
        const id = await town.enrol("Ana Moreau", ana);
        await until(() => town.taken(ana).length === 1, "the message to her");
        const url = town.webhook;
        const params = { MessageSid: `SM${"a".repeat(32)}`, AccountSid: town.channel.settings.account_sid, From: ana, To: from, Body: "Très bien & vous? और आप 📚", NumMedia: "0", SmsStatus: "received", ApiVersion: "2010-04-01", ToCity: "" };
        const sign = (signed_url, token = town.secret_of("auth_token")) => ({ ...form_type, "x-twilio-signature": twilio.getExpectedTwilioSignature(token, signed_url, params) });
        const body = new URLSearchParams(params).toString();
        assert.equal((await post(url, body, sign(url, "another token"))).status, 401);
        assert.equal((await post(url, body, sign(`${url}?x=1`))).status, 401);
        assert.equal((await post(url, body.replace("bien", "mal"), sign(url))).status, 401);
        const good = await post(url, body, sign(url));
        assert.equal(good.status, 200);
        assert.match(good.headers.get("content-type"), /^text\/xml/);
        assert.equal(await good.text(), "<Response></Response>");
        const answered = await town.contact(id);
        assert.equal(answered.reply_status, "replied");
        assert.equal(answered.last_reply.words, "Très bien & vous? और आप 📚");
    });
});

on("telnyx", (place) => {
    test("npm telnyx sends through the sandbox, and reads its refusals", async () => {
        const { town } = place;
        const client = new Telnyx({ apiKey: town.secret_of("api_key"), baseURL: `${town.sandbox_url}/v2`, maxRetries: 0 });
        const sent = await client.messages.send({ from: "+12025550104", to: peer_phone, text: "hello from npm telnyx" });
        assert.equal(sent.data.to[0].status, "queued");
        assert.equal(town.taken(peer_phone)[0].text, "hello from npm telnyx");
        await town.control("reply", { from: peer_phone, text: "STOP" });
        await assert.rejects(client.messages.send({ from: "+12025550104", to: peer_phone, text: "again" }), (problem) => problem.status === 400 && JSON.stringify(problem.error).includes("40300"));
    });
});

on("vonage_sms", (place) => {
    test("the sandbox takes the JWT that @vonage/jwt makes, and no other", async () => {
        const { town } = place;
        const send = (token) =>
            post(`${town.sandbox_url}/v1/messages`, JSON.stringify({ message_type: "text", channel: "sms", from: "12025550105", to: peer_phone.slice(1), text: "hello" }), {
                "content-type": "application/json",
                authorization: `Bearer ${token}`,
            });
        const key = town.secret_of("private_key");
        const answer = await send(tokenGenerate(town.channel.settings.application_id, key));
        assert.equal(answer.status, 202, await answer.clone().text());
        assert.match((await answer.json()).message_uuid, /^[0-9a-f-]{36}$/);
        assert.equal((await send(tokenGenerate("11111111-2222-4333-8444-555555555555", key))).status, 401);
        assert.equal((await send("a.b.c")).status, 401);
        assert.equal(town.taken(peer_phone).length, 1);
    });
});
