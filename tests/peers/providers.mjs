// Other people's code at the provider's end of each channel: it verifies what the sandbox posts.
import { webcrypto } from "node:crypto";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { verifySignature } from "@vonage/jwt";
import Telnyx from "telnyx";
import twilio from "twilio";
import { WhatsAppAPI } from "whatsapp-api-js";

const form_of = (body) => Object.fromEntries(new URLSearchParams(body.toString()));

// By provider: looks at one webhook, throws when it would not believe it, and says what it read there.
export const verifiers = {
    async whatsapp_cloud({ town, request, body }) {
        const api = new WhatsAppAPI({ token: "none", appSecret: town.secret_of("app_secret"), v: "v24.0", ponyfill: { subtle: webcrypto.subtle, fetch } });
        const read = {};
        api.on.status = ({ status, id }) => void Object.assign(read, { status, id });
        api.on.message = ({ message }) => void Object.assign(read, { words: message.text?.body });
        await api.post(JSON.parse(body), body.toString(), request.headers["x-hub-signature-256"]);
        return read;
    },
    twilio_sms: by_twilio,
    twilio_whatsapp: by_twilio,
    async kannel({ request, url }) {
        const query = new URL(url).searchParams;
        assert.equal(request.method, "GET");
        // nobody signs here; text comes as the bytes the operator has
        const raw = url.match(/[?&]text=([^&]*)/)?.[1];
        const bytes = raw === undefined ? undefined : Buffer.from(raw.replaceAll("+", "%20").replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))), "latin1");
        const words = query.get("charset") === "UTF-16BE" ? bytes.swap16().toString("utf16le") : bytes?.toString();
        return { status: { 1: "delivered", 2: "failed", 8: "sent" }[query.get("type")], words };
    },
    async telnyx({ town, request, body }) {
        const client = new Telnyx({ apiKey: "none", publicKey: town.channel.settings.public_key });
        const event = await client.webhooks.unwrap(body.toString(), { headers: request.headers });
        const payload = event.data.payload;
        return { status: payload.direction === "inbound" ? undefined : payload.to[0].status, words: payload.text };
    },
    vonage_sms: by_vonage,
    vonage_whatsapp: by_vonage,
};

async function by_vonage({ town, request, body }) {
    const jwt = request.headers.authorization.replace(/^Bearer /, "");
    assert.ok(verifySignature(jwt, town.secret_of("signature_secret")), "the JWT's signature");
    const claims = JSON.parse(Buffer.from(jwt.split(".")[1], "base64url"));
    assert.equal(claims.payload_hash, createHash("sha256").update(body).digest("hex"));
    const event = JSON.parse(body);
    return { status: event.status, words: event.text };
}

async function by_twilio({ town, request, body, url }) {
    const form = form_of(body);
    assert.ok(twilio.validateRequest(town.secret_of("auth_token"), request.headers["x-twilio-signature"], url, form), "X-Twilio-Signature");
    return { status: form.MessageStatus, words: form.Body };
}
