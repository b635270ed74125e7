// Calls: contacts who ring us, and the bridge that rings the rep and then the contact. The real binary on the real sandbox, which plays
// Twilio Voice and every phone; each of its webhooks is verified by Twilio's own library on the way. Whose phone rang is judged by the
// sandbox's ledger.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import twilio from "twilio";
import { root } from "../process/support.mjs";
import { verifiers } from "./providers.mjs";
import { PeerTown, rep, until } from "./support.mjs";

const binary = process.env.WARMCALL ?? join(root, "build/release/warmcall");
const [ana, asha, stranger] = ["+61491570156", "+61491570157", "+61491570159"];
const says = (body, language) => body.match(new RegExp(`<Say language="${language}">([^<]*)</Say>`))?.[1];

class VoiceTown extends PeerTown {
    static async open(provider, voice = "") {
        const town = await PeerTown.make(provider, { look: verifiers[provider], extra_server: voice });
        Object.setPrototypeOf(town, VoiceTown.prototype);
        await town.start();
        return town;
    }

    async sign_in() {
        const link = execFileSync(binary, ["token", "link", "joel", "--config", this.config], { cwd: root, env: this.env, stdio: ["ignore", "pipe", "ignore"] }).toString();
        const answer = await fetch(`${this.url}/login`, {
            method: "POST",
            headers: { "content-type": "application/json", accept: "application/json" },
            body: JSON.stringify({ token: link.match(/#t=(\S+)/)[1] }),
            redirect: "manual",
        });
        this.cookie = answer.headers.get("set-cookie").split(";")[0];
    }

    async ring(prompt, headers = { cookie: this.cookie }) {
        const response = await fetch(`${this.url}/api/v1/prompts/${prompt}/ring`, {
            method: "POST",
            headers: { "content-type": "application/json", "x-requested-with": "warmcall", origin: this.env.WARMCALL_URL, ...headers },
            body: "{}",
        });
        return { status: response.status, body: await response.json() };
    }

    async prompt_of(contact, what, words) {
        return until(async () => (await this.prompts()).find((p) => p.contact.id === contact && what(p)), words);
    }

    async due(name, phone, extra) {
        const id = await this.enrol(name, phone, extra);
        return this.prompt_of(id, (p) => p.kind === "silent", `${name}'s prompt`);
    }

    kinds(kind) {
        return this.ledger().filter((entry) => entry.kind === kind);
    }

    rings(phone) {
        return this.kinds("ring").filter((entry) => entry.to === phone);
    }

    // How often a call was asked for, taken or not.
    placed() {
        return this.kinds("request").filter((entry) => entry.url.endsWith("/Calls.json")).length;
    }

    async heard(call) {
        return until(() => this.kinds("caller_hears").find((entry) => entry.call === call)?.body, "what the caller hears");
    }
}

describe("they call", { concurrency: 3 }, () => {
    // The same event and the same prompt, whichever way the call came.
    for (const provider of ["twilio_sms", "twilio_whatsapp", "whatsapp_cloud"]) {
        test(`a call to the ${provider} number is a prompt above all others, once for all its webhooks`, async () => {
            const voice = provider === "whatsapp_cloud" ? "" : '[voice]\nanswer = "say"';
            const town = await VoiceTown.open(provider, voice);
            try {
                const id = await town.enrol("Ana Moreau", ana, { topic: "the new shop" });
                const { call_id } = await town.control("call", { from: ana, duration_s: 0 });
                const prompt = await town.prompt_of(id, (p) => p.kind === "they_called", "the prompt");
                assert.equal(prompt.reason, "Ana called you. Call back now.");
                assert.equal(prompt.section, "replied", "at the top of the list");
                await town.control("flush", {});
                const calls = (await town.contact(id)).timeline.filter((line) => line.what === "they_called");
                assert.equal(calls.length, 1, "ringing and its end are one call");
                await until(() => town.taken(rep).some((entry) => entry.text.includes("Ana")), "the rep's phone");
                if (provider === "whatsapp_cloud") return;
                const words = says(await town.heard(call_id), "en-US");
                assert.match(words, /^Hello Ana, how good of you to call\. Joel/);
                assert.deepEqual(town.looked.filter((seen) => seen.problem), [], "Twilio's own library believed every webhook");
            } finally {
                await town.close();
            }
        });
    }

    test("a call that rang while we were away is heard of at its end; strangers hear that it is busy; each in their language", async () => {
        const town = await VoiceTown.open("twilio_sms", '[voice]\nanswer = "say"');
        try {
            const id = await town.enrol("Asha Rao", asha, { language: "hi" });
            await town.control("call", { from: asha, events: "terminate", duration_s: 0 });
            await town.prompt_of(id, (p) => p.kind === "they_called", "the prompt");
            const { call_id } = await town.control("call", { from: asha, events: "connect" });
            assert.match(says(await town.heard(call_id), "hi-IN"), /^नमस्ते Asha/);
            const other = await town.control("call", { from: stranger, events: "connect" });
            assert.match(await town.heard(other.call_id), /<Response><Reject reason="busy"\/><\/Response>/);
        } finally {
            await town.close();
        }
    });

    test("with forward their rep's phone rings; without [voice] it is busy; the rep is told both times", async () => {
        for (const [voice, wanted] of [['[voice]\nanswer = "forward"', /<Dial answerOnBridge="true" timeout="25"><Number>\+61491570110<\/Number><\/Dial>/], ["", /<Reject reason="busy"\/>/]]) {
            const town = await VoiceTown.open("twilio_sms", voice);
            try {
                const id = await town.enrol("Ana Moreau", ana);
                const { call_id } = await town.control("call", { from: ana, events: "connect" });
                assert.match(await town.heard(call_id), wanted);
                await town.prompt_of(id, (p) => p.kind === "they_called", "the prompt");
            } finally {
                await town.close();
            }
        }
    });
});

describe("the bridge", { concurrency: 1 }, () => {
    let town;
    before(async () => {
        town = await VoiceTown.open("twilio_sms", '[voice]\nbridge = "main"\nring_for = "20s"');
        await town.sign_in();
    });
    after(() => town?.close());
    const ended = (p) => p.line !== null && p.line.state !== "ringing";

    test("two taps ring the rep once, then the contact once; the line's end pre-fills what came of it", async () => {
        const prompt = await town.due("Ana Moreau", ana);
        const taps = await Promise.all([town.ring(prompt.id), town.ring(prompt.id)]);
        assert.deepEqual(taps.map((tap) => tap.status).sort(), [202, 409], JSON.stringify(taps));
        assert.equal(taps.find((tap) => tap.status === 202).body.line, "placed");
        const after = await town.prompt_of(prompt.contact.id, ended, "the line's end");
        assert.deepEqual(after.line, { state: "completed", seconds: 42 });
        assert.equal(after.phase, "wrap_up");
        assert.equal(town.rings(rep).length, 1);
        assert.equal(town.rings(ana).length, 1);
        assert.equal(town.kinds("recorded").length, 0, "nothing is recorded");
        await town.control("flush", {});
        const [again] = (await town.prompts()).filter((p) => p.contact.id === prompt.contact.id);
        assert.deepEqual([again.phase, again.line.state], ["wrap_up", "completed"], "the end of the rep's own leg changes nothing");
        const logged = await town.api("POST", `/prompts/${prompt.id}/disposition`, { reached: "human", said: "talked", next_at: new Date(Date.now() + 86400_000).toISOString(), rep: "joel" });
        assert.equal(logged.status, 200, JSON.stringify(logged.body));
        assert.deepEqual(town.looked.filter((seen) => seen.problem), [], "Twilio's own library believed every webhook");
    });

    test("what Twilio is asked is what Twilio's own library would have written; and it places calls through the sandbox too", async () => {
        const call = town.kinds("request").find((entry) => entry.url.endsWith("/Calls.json"));
        const asked = new URLSearchParams(call.body);
        const line = asked.get("StatusCallback").replace("#rc=5&rp=all", "");
        const theirs = new twilio.twiml.VoiceResponse();
        theirs.gather({ numDigits: 1, timeout: 10, action: line }).say({ language: "en-US" }, "Hello Joel. Press any key, and I will ring Ana for you.");
        theirs.redirect(line);
        assert.equal(asked.get("Twiml"), theirs.toString());
        assert.deepEqual([...asked.keys()], ["To", "From", "Twiml", "Timeout", "StatusCallback"], "and nothing that would record");
        class ToSandbox extends twilio.RequestClient {
            request(options) {
                return super.request({ ...options, uri: options.uri.replace(/^https:\/\/[a-z.]+/, town.sandbox_url) });
            }
        }
        const client = twilio(town.channel.settings.account_sid, town.secret_of("auth_token"), { httpClient: new ToSandbox() });
        await town.control("contact", { phone: stranger, on_call: "busy" });
        const placed = await client.calls.create({ to: stranger, from: "+12025550101", twiml: theirs.toString() });
        assert.match(placed.sid, /^CA[0-9a-f]{32}$/);
        assert.equal(placed.status, "queued");
        await assert.rejects(client.calls.create({ to: stranger, from: "+12025550188", twiml: "<Response/>" }), (problem) => problem.code === 21210);
    });

    test("a busy line says so, and an unanswered one", async () => {
        for (const [phone, on_call, state] of [["+61491570151", "busy", "busy"], ["+61491570152", "no-answer", "no_answer"]]) {
            await town.control("contact", { phone, on_call });
            const prompt = await town.due(`Call ${state}`, phone);
            assert.equal((await town.ring(prompt.id)).status, 202);
            const after = await town.prompt_of(prompt.contact.id, ended, state);
            assert.deepEqual(after.line, { state, seconds: 0 });
        }
    });

    test("a rep who does not pick up, or whose voice box does, has called nobody; the prompt is as before, and can be rung again", async () => {
        const phone = "+61491570153";
        const prompt = await town.due("Nobody Called", phone);
        for (const how of [{ on_call: "no-answer" }, { on_call: "completed", presses_key: false }]) {
            await town.control("contact", { phone: rep, ...how });
            assert.equal((await town.ring(prompt.id)).status, 202);
            await town.control("flush", {});
            const after = await town.prompt_of(prompt.contact.id, (p) => p.phase === "call_due", "the prompt as before");
            assert.equal(after.claimed_by, null);
            assert.equal(town.rings(phone).length, 0);
        }
        await town.control("contact", { phone: rep, on_call: "completed", presses_key: true });
        assert.equal((await town.ring(prompt.id)).status, 202);
        await town.prompt_of(prompt.contact.id, ended, "the call");
        assert.equal(town.rings(phone).length, 1);
    });

    test("when nobody can tell whether it rings, it is not tried again; what the line then says still counts", async () => {
        const [rung, lost] = [await town.due("Rung Ruth", "+61491570154"), await town.due("Lost Lou", "+61491570155")];
        await town.control("rules", { kind: "call", nth: 1, then: "accept-then-reset" });
        const first = await town.ring(rung.id);
        assert.deepEqual([first.status, first.body.line], [202, "unknown"]);
        assert.equal((await town.prompt_of(rung.contact.id, ended, "the line's word")).line.state, "completed");
        await town.control("rules", { kind: "call", nth: 1, then: "reject-then-reset" });
        const before = town.placed();
        assert.deepEqual([(await town.ring(lost.id)).body.line, (await town.ring(lost.id)).status], ["unknown", 409]);
        assert.equal(town.placed(), before + 1, "one request, whatever became of it");
        assert.equal(town.rings("+61491570155").length, 0);
    });

    test("a refusal is said, and the prompt is as before", async () => {
        const prompt = await town.due("Far Fay", "+61491570158");
        await town.control("rules", { kind: "call", nth: 1, then: "reject", code: 21215 });
        const { status, body } = await town.ring(prompt.id);
        assert.equal(status, 502);
        assert.match(body.detail, /^Nobody's phone rings: /);
        await town.prompt_of(prompt.contact.id, (p) => p.phase === "call_due", "the prompt as before");
    });

    test("who opted out while the rep's phone rang is not rung", async () => {
        const phone = "+61491570149";
        const prompt = await town.due("Stop Sue", phone);
        await town.control("settings", { hold_webhooks: true });
        assert.equal((await town.ring(prompt.id)).status, 202);
        assert.equal((await town.api("POST", `/contacts/${prompt.contact.id}/opt_out`, { how: "said so on the phone" })).status, 200);
        await town.control("settings", { hold_webhooks: false });
        await town.control("flush", {});
        await until(() => town.looked.length > 0 && town.kinds("ring").some((entry) => entry.to === rep), "the rep's leg");
        await town.control("flush", {});
        assert.equal(town.rings(phone).length, 0);
    });

    test("only the rep who is signed in, and only where a line is configured", async () => {
        const prompt = await town.due("Own Olga", "+61491570148");
        const before = town.placed();
        assert.equal((await town.ring(prompt.id, { authorization: `Bearer ${town.token}`, "x-warmcall-rep": "joel" })).status, 403);
        assert.equal((await town.ring(prompt.id, {})).status, 401);
        assert.equal((await fetch(`${town.url}/webhooks/main/line/1.joel.1.AAAA`, { method: "POST", body: "CallSid=CA1" })).status, 401, "unsigned");
        assert.equal(town.placed(), before);
        const today = await (await fetch(`${town.url}/api/v1/today`, { headers: { cookie: town.cookie } })).json();
        assert.equal(today.bridge, true);
        const plain = await VoiceTown.open("twilio_sms");
        try {
            await plain.sign_in();
            const due = await plain.due("Ana Moreau", ana);
            assert.equal((await plain.ring(due.id)).status, 404);
            assert.equal((await (await fetch(`${plain.url}/api/v1/today`, { headers: { cookie: plain.cookie } })).json()).bridge, false);
        } finally {
            await plain.close();
        }
    });
});
