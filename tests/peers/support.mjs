// A town with one channel of any provider, and a relay through which every webhook passes: other people's code looks at it there,
// before it goes on to the gateway byte for byte.
import assert from "node:assert/strict";
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer, request as http_request } from "node:http";
import { join } from "node:path";
import { root, Town, until } from "../process/support.mjs";

export { until };
export const rep = "+61491570110";

// The sandbox's Telnyx signs with a key made of the API key (bot/sandbox/telnyx.cpp).
export function telnyx_public_key(api_key) {
    const seed = createHash("sha256").update(`telnyx|${api_key}`).digest();
    const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
    const key = createPublicKey(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }));
    return key.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
}

const app_key = () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs8" });

// What each provider's [[channel]] says besides id, provider and base_url; secrets are environment variables.
export const channels = {
    whatsapp_cloud: {
        medium: "whatsapp",
        settings: { phone_number_id: "300000000000002", waba_id: "200000000000001" },
        secrets: ["access_token", "app_secret", "verify_token"],
    },
    twilio_sms: {
        medium: "sms",
        settings: { account_sid: "AC00000000000000000000000000000001", from: "+12025550101" },
        secrets: ["auth_token"],
    },
    twilio_whatsapp: {
        medium: "whatsapp",
        settings: {
            account_sid: "AC00000000000000000000000000000001",
            from: "+12025550101",
            content_wellbeing: `HX${"1".repeat(32)}`,
            content_call_me_back: `HX${"2".repeat(32)}`,
            content_rep_notice: `HX${"3".repeat(32)}`,
        },
        secrets: ["auth_token"],
    },
    kannel: { medium: "sms", settings: { username: "warmcall", from: "+12025550103", parts_max: 10 }, secrets: ["password", "webhook_secret"] },
    telnyx: { medium: "sms", settings: { from: "+12025550104" }, secrets: ["api_key"] },
    vonage_sms: { medium: "sms", settings: { from: "12025550105", application_id: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee" }, secrets: ["signature_secret", "private_key"] },
    vonage_whatsapp: { medium: "whatsapp", settings: { from: "12025550106" }, secrets: ["signature_secret", "api_key", "api_secret"] },
};

const toml = (value) => (typeof value === "number" ? String(value) : JSON.stringify(value));

export class PeerTown extends Town {
    static async make(provider, { look = () => {}, extra_server = "" } = {}) {
        const town = Object.setPrototypeOf(await Town.make(), PeerTown.prototype);
        town.provider = provider;
        town.channel = { ...channels[provider], settings: { ...channels[provider].settings } };
        for (const key of town.channel.secrets) {
            town.env[`CHANNEL_${key.toUpperCase()}`] = key === "private_key" ? app_key() : `${town.token_secret}${key.length}`;
        }
        if (provider === "telnyx") town.channel.settings.public_key = telnyx_public_key(town.secret_of("api_key"));
        await town.start_relay(look);
        town.config = join(town.folder, "warmcall.toml");
        writeFileSync(town.config, town.configuration(extra_server));
        return town;
    }

    secret_of(key) {
        return this.env[`CHANNEL_${key.toUpperCase()}`];
    }

    configuration(extra_server) {
        const all_day = Object.fromEntries(["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map((day) => [day, ["00:00-24:00"]]));
        const hours = Object.entries(all_day).map(([day, times]) => `${day} = ${JSON.stringify(times)}`).join(", ");
        const lines = Object.entries(this.channel.settings).map(([key, value]) => `${key} = ${toml(value)}`);
        for (const key of this.channel.secrets) lines.push(`${key} = "env:CHANNEL_${key.toUpperCase()}"`);
        return `company = "Kestrel Foods"
log_level = "warn"
[server]
listen = "env:WARMCALL_LISTEN"
public_url = "env:WARMCALL_URL"
${extra_server}
[store]
url = "env:WARMCALL_STORE"
[calendar]
default_region = "AU"
folder = "${root}/config/demo/calendars"
[texts]
cadences = "${root}/tests/process/cadences"
templates = "${root}/templates"
replies = "${root}/config/replies"
[policy]
debounce = "1s"
ladder_gap = "5m"
[[channel]]
id = "main"
provider = "${this.provider}"
base_url = "env:SANDBOX_URL"
per_second = 500
pair_gap = "1s"
${lines.join("\n")}
[[rep]]
id = "joel"
name = "Joel"
zone = "Australia/Sydney"
phone = "${rep}"
channel = "main"
hours = { ${hours} }
`;
    }

    // What the provider calls: looks at each webhook, then passes it on as it came.
    async start_relay(look) {
        this.looked = [];
        this.relay = createServer(async (request, response) => {
            const pieces = [];
            for await (const piece of request) pieces.push(piece);
            const body = Buffer.concat(pieces);
            try {
                const seen = await look({ town: this, request, body, url: `${this.env.WARMCALL_URL}${request.url}` });
                this.looked.push(seen ?? {});
            } catch (problem) {
                this.looked.push({ problem: String(problem) });
            }
            const to = http_request(`${this.url}${request.url}`, { method: request.method, headers: request.headers }, (answer) => {
                response.writeHead(answer.statusCode, answer.headers);
                answer.pipe(response);
            });
            to.on("error", () => response.destroy());
            to.end(body);
        });
        await new Promise((done) => this.relay.listen(0, "127.0.0.1", done));
        this.env.WARMCALL_URL = `http://127.0.0.1:${this.relay.address().port}`;
        this.webhook = `${this.env.WARMCALL_URL}/webhooks/main`;
    }

    async start() {
        await this.start_sandbox();
        await this.start_gateway();
        this.make_token();
    }

    async enrol(name, phone, extra = {}) {
        const { status, body } = await this.add(name, phone, extra);
        assert.equal(status, 201, JSON.stringify(body));
        return body.id ?? body.contact.id;
    }

    async contact(id) {
        return (await this.api("GET", `/contacts/${id}`)).body;
    }

    async prompts() {
        return (await this.api("GET", "/prompts?rep=joel&state=open")).body.items;
    }

    // What the provider took for that number, by the ledger: the judge of doubles.
    taken(phone) {
        return this.ledger().filter((entry) => entry.kind === "accepted" && entry.to === phone);
    }

    async close() {
        await super.close();
        await new Promise((done) => {
            this.relay.close(done);
            this.relay.closeAllConnections();
        });
    }
}
