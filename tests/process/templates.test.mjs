// Our texts at the provider: handed in, judged, paused, counted as another category; and what the gateway makes of it. The real
// binary on the real sandbox, with WhatsApp first and SMS as the other way.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { root, Town, until } from "./support.mjs";

const binary = process.env.WARMCALL ?? join(root, "build/release/warmcall");
const all_day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map((day) => `${day} = ["00:00-24:00"]`).join(", ");
const content = (digit) => `HX${String(digit).repeat(32)}`;

const whatsapp = `[[channel]]
id = "main"
provider = "whatsapp_cloud"
base_url = "env:SANDBOX_URL"
phone_number_id = "300000000000002"
waba_id = "200000000000001"
access_token = "env:TEST_ACCESS_TOKEN"
app_secret = "env:TEST_APP_SECRET"
verify_token = "env:TEST_VERIFY_TOKEN"
`;
const sms = `[[channel]]
id = "sms"
provider = "twilio_sms"
base_url = "env:SANDBOX_URL"
account_sid = "AC00000000000000000000000000000001"
from = "+12025550101"
auth_token = "env:TEST_APP_SECRET"
`;
const twilio = `[[channel]]
id = "main"
provider = "twilio_whatsapp"
base_url = "env:SANDBOX_URL"
account_sid = "AC00000000000000000000000000000001"
from = "+12025550101"
auth_token = "env:TEST_APP_SECRET"
content_wellbeing = "${content(1)}"
content_call_me_back_en = "${content(2)}"
content_rep_notice = "${content(3)}"
`;

class TextTown extends Town {
    static async make(channels, change = () => {}) {
        const town = Object.setPrototypeOf(await Town.make(), TextTown.prototype);
        const texts = join(town.folder, "templates");
        cpSync(join(root, "templates", "en"), join(texts, "en"), { recursive: true });
        change((name, from, to) => {
            const file = join(texts, "en", `${name}.txt`);
            writeFileSync(file, readFileSync(file, "utf8").replace(from, to));
        });
        const calendars = join(town.folder, "calendars");
        mkdirSync(calendars);
        for (const region of ["", "US"]) {
            const ban = '[[ban]]\nmedium = "whatsapp"\ncategory = "marketing"\nsince = 2025-04-01\nbecause = "WhatsApp does not deliver this kind of message to US numbers"\n';
            writeFileSync(join(calendars, `${region || "always"}.toml`), `region = "${region}"\nas_of = 2026-11-01\nallowed = { ${all_day} }\n${region && ban}`);
        }
        town.config = join(town.folder, "warmcall.toml");
        writeFileSync(town.config, `company = "Kestrel Foods"
log_level = "warn"
[server]
listen = "env:WARMCALL_LISTEN"
public_url = "env:WARMCALL_URL"
[store]
url = "env:WARMCALL_STORE"
[calendar]
default_region = "AU"
folder = "calendars"
[texts]
cadences = "${root}/tests/process/cadences"
templates = "templates"
replies = "${root}/config/replies"
${channels}
[[rep]]
id = "joel"
name = "Joel"
zone = "Australia/Sydney"
hours = { ${all_day} }
`);
        return town;
    }

    async start_sandbox() {
        this.sandbox = this.spawn(["sandbox", "--ledger", this.ledger_file]);
        await until(() => fetch(`${this.sandbox_url}/_control/clock`).then((r) => r.ok, () => false), "the sandbox");
    }

    // `warmcall templates WORDS`: its exit code and what it said.
    templates(...words) {
        return new Promise((done) =>
            execFile(binary, ["templates", ...words, "--config", this.config], { cwd: root, env: this.env, timeout: 30_000 }, (problem, out, err) =>
                done({ code: problem === null ? 0 : problem.code, out, err })));
    }

    sent(phone) {
        return this.ledger().filter((entry) => entry.kind === "accepted" && entry.to === phone);
    }

    async enrol(name, phone) {
        const { status, body } = await this.add(name, phone);
        assert.equal(status, 201, JSON.stringify(body));
        return body.id ?? body.contact.id;
    }

    async prompt(contact) {
        return until(async () => (await this.api("GET", "/prompts?rep=joel&state=open")).body.items.find((p) => p.contact.id === contact), "a prompt");
    }

    async known(name) {
        return (await this.api("GET", "/templates")).body.items.find((t) => t.name === name && t.language === "en");
    }
}

describe("texts at WhatsApp, with no other way to a contact", { concurrency: 1 }, () => {
    let town;
    before(async () => {
        // one text's language stands with a hyphen in our file, as Meta's webhooks spell it; the API wants an underscore
        town = await TextTown.make(whatsapp, (edit) => edit("wellbeing", "kind: wellbeing\n", "kind: wellbeing\nprovider_language: en-US\n"));
        await town.start_sandbox();
        await town.start_gateway();
        town.make_token();
    });
    after(() => town?.close());

    test("what is approved is shown as fit to send", async () => {
        const { code, out } = await town.templates("status");
        assert.equal(code, 0, out);
        assert.match(out, /✓ main +wellbeing +en_US +approved, MARKETING/);
        assert.match(out, /✓ main +rep_notice +en +approved, UTILITY/);
        assert.doesNotMatch(out, /stop_confirmation|call_answer|call_bridge/, "nobody judges those");
    });

    test("a missing text is named, handed in, and not sent before its approval", async () => {
        await town.control("settings", { approve_templates_at_once: false });
        const gone = await fetch(`${town.sandbox_url}/v24.0/200000000000001/message_templates?name=wellbeing`, {
            method: "DELETE",
            headers: { authorization: `Bearer ${town.token_secret}` },
        });
        assert.equal(gone.status, 200);
        const missing = await town.templates("status", "wellbeing");
        assert.equal(missing.code, 1);
        assert.match(missing.out, /✗ main +wellbeing +en_US +not there yet: warmcall templates submit wellbeing/);
        const submitted = await town.templates("submit");
        assert.equal(submitted.code, 0, submitted.out + submitted.err);
        assert.match(submitted.out, /✓ main +wellbeing +en_US +handed in for review/);
        assert.equal(submitted.out.match(/handed in/g).length, 1, "what is there is not handed in again");
        assert.match((await town.templates("status", "wellbeing")).out, /✗ main +wellbeing +en_US +in review/);
        assert.equal((await town.known("wellbeing")).status, "pending", "the running gateway was told by the command");
        const early = await town.prompt(await town.enrol("Early Eve", "+61491570150"));
        assert.equal(early.kind, "no_warmup");
        assert.match(early.reason, /has not approved the text yet/, "the rep is told why, and calls");
        assert.equal(town.sent("+61491570150").length, 0);
    });

    test("its approval comes by webhook, and the next contact gets it", async () => {
        await town.control("template-event", { name: "wellbeing", language: "en_US", event: "APPROVED" });
        await until(async () => (await town.known("wellbeing")).status === "approved", "the approval");
        await town.enrol("Ana Moreau", "+61491570156");
        const [message] = await until(() => town.sent("+61491570156").length === 1 && town.sent("+61491570156"), "the message");
        assert.equal(message.template, "wellbeing");
    });

    test("a pause that no webhook told is found by sync, and comes to the running gateway", async () => {
        await town.control("settings", { hold_webhooks: true });
        await town.control("template-event", { name: "wellbeing", language: "en_US", event: "PAUSED", title: "FIRST_PAUSE" });
        const { code, out, err } = await town.templates("sync");
        assert.equal(code, 0, err);
        assert.match(out, /main: 1 of our texts have news/);
        assert.match((await town.templates("sync")).out, /main: 0 of our texts have news/);
        const id = await town.enrol("Paused Paul", "+61491570151");
        assert.match((await town.prompt(id)).reason, /has paused the text/);
        assert.equal(town.sent("+61491570151").length, 0);
        await town.control("settings", { hold_webhooks: false });
    });

    test("a rejection shows its reason", async () => {
        await town.control("template-event", { name: "call_me_back", language: "en", event: "REJECTED", reason: "INVALID_FORMAT" });
        const { code, out } = await town.templates("status", "call_me_back");
        assert.equal(code, 1);
        assert.match(out, /rejected, MARKETING.*\(INVALID_FORMAT\)/);
        await until(async () => (await town.known("call_me_back")).reason === "INVALID_FORMAT", "the reason, by webhook");
    });

    test("a wrong token and a provider that is away are said in a sentence", async () => {
        await town.control("settings", { token_valid: false });
        const refused = await town.templates("status");
        assert.equal(refused.code, 1);
        assert.match(refused.err, /channel main: .*access_token/);
        assert.doesNotMatch(refused.err + refused.out, new RegExp(town.token_secret));
        town.sandbox.kill("SIGTERM");
        await town.sandbox.ended;
        for (const words of [["status"], ["submit"], ["sync"]]) {
            const away = await town.templates(...words);
            assert.equal(away.code, 1, words[0]);
            assert.match(away.err, /channel main: .*(connect|refused)/i, words[0]);
        }
    });
});

describe("texts at WhatsApp, with SMS as the other way", { concurrency: 1 }, () => {
    let town;
    before(async () => {
        town = await TextTown.make(whatsapp + sms, (edit) => edit("wellbeing", "category: marketing", "category: utility"));
        await town.start_sandbox();
        await town.start_gateway();
        town.make_token();
    });
    after(() => town?.close());

    test("a text that counts as marketing from today on leaves WhatsApp in the US, and goes by SMS", async () => {
        await town.enrol("Before Bea", "+12025550141");
        const [first] = await until(() => town.sent("+12025550141").length === 1 && town.sent("+12025550141"), "the first");
        assert.equal(first.channel, "main");
        await town.control("template-event", { name: "wellbeing", language: "en", category: "MARKETING" });
        await town.control("flush", {});
        await town.enrol("After Abe", "+12025550142");
        const [second] = await until(() => town.sent("+12025550142").length === 1 && town.sent("+12025550142"), "the second");
        assert.equal(second.channel, "sms");
    });

    test("a paused text goes by SMS, and the gateway knows it after a restart too", async () => {
        await town.control("template-event", { name: "wellbeing", language: "en", event: "PAUSED" });
        await town.control("flush", {});
        town.gateway.kill("SIGTERM");
        await town.gateway.ended;
        await town.start_gateway();
        await town.enrol("Paused Pia", "+61491570152");
        const [message] = await until(() => town.sent("+61491570152").length === 1 && town.sent("+61491570152"), "the message");
        assert.equal(message.channel, "sms");
    });
});

describe("texts at Twilio", { concurrency: 1 }, () => {
    let town;
    before(async () => {
        town = await TextTown.make(twilio);
        await town.start_sandbox();
    });
    after(() => town?.close());

    test("the Content templates of the channel are shown by our names", async () => {
        const { code, out, err } = await town.templates("status");
        assert.equal(code, 0, out + err);
        assert.match(out, /✓ main +wellbeing +en +approved, MARKETING/);
        assert.match(out, /✓ main +call_me_back +en +approved, MARKETING/);
    });

    test("a new one is made, handed in for WhatsApp's review, and its sid is to be written down", async () => {
        await town.control("settings", { approve_templates_at_once: false });
        const authorization = `Basic ${Buffer.from(`AC00000000000000000000000000000001:${town.secret}`).toString("base64")}`;
        const gone = await fetch(`${town.sandbox_url}/v1/Content/${content(1)}`, { method: "DELETE", headers: { authorization } });
        assert.equal(gone.status, 204);
        const { code, out, err } = await town.templates("submit");
        assert.equal(code, 0, out + err);
        assert.match(out, /✓ main +wellbeing +en +handed in for review/);
        const [, sid] = out.match(/content_wellbeing_en = "(HX[0-9a-f]{32})"/);
        const made = await (await fetch(`${town.sandbox_url}/v1/Content/${sid}`, { headers: { authorization } })).json();
        assert.match(made.types["twilio/text"].body, /^Hi \{\{1\}\}, it's \{\{2\}\}\./, "Twilio's variables are numbers");
        assert.deepEqual(made.variables, { 1: "name", 2: "rep" });
        assert.match((await town.templates("status", "wellbeing")).out, /✗ main +wellbeing +en +in review/);
    });
});
