// npm whatsapp-api-js as its readme shows it: verifies and parses, stores nothing.
import { webcrypto } from "node:crypto";
import { createServer } from "node:http";
import { WhatsAppAPI } from "whatsapp-api-js";

const api = new WhatsAppAPI({
    token: "none", appSecret: process.env.BENCH_SECRET, webhookVerifyToken: "none", v: "v24.0",
    ponyfill: { subtle: webcrypto.subtle },
});
let seen = 0;
api.on.status = () => void ++seen;
api.on.message = () => void ++seen;
const server = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const raw = Buffer.concat(pieces).toString();
    const status = await api.post(JSON.parse(raw), raw, request.headers["x-hub-signature-256"]).catch(() => 500);
    response.writeHead(typeof status === "number" ? status : 200).end();
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
