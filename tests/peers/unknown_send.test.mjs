// What becomes of a message when nobody can tell whether it went out: each provider × {silence, reset, 500, kill -9 of the gateway}.
// The sandbox's ledger, which the gateway cannot touch, judges: never twice.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { channels, PeerTown, until } from "./support.mjs";

const faults = ["accept-then-hang", "accept-then-reset", "accept-then-500", "kill -9"];
// Twilio's list may tell what became of it before a receipt does.
const settled_or_open = ["unknown", "sent"];
const phone_of = (place) => `+6149157015${6 + place}`;
const providers = Object.keys(channels).filter((name) => !process.env.ONLY || process.env.ONLY === name);

describe("an unknown send", { concurrency: 3 }, () => {
    for (const provider of providers) describe(`on ${provider}`, { concurrency: 1 }, () => matrix(provider));
});

function matrix(provider) {
    let town;
    const ids = [];

    before(async () => {
        town = await PeerTown.make(provider, { extra_server: 'send_timeout = "1s"' });
        await town.start();
        // every message is taken; its receipts wait until we ask for them, so that nothing settles it early
        await town.control("settings", { hold_webhooks: true });
    });
    after(() => town?.close());

    for (const [place, fault] of faults.entries()) {
        test(`${fault}: taken once, and known to be unknown`, async () => {
            const phone = phone_of(place);
            const then = fault === "kill -9" ? "accept-then-hang" : fault;
            await town.control("rules", { to: phone, then });
            ids[place] = await town.enrol(`Person ${place}`, phone);
            await until(() => town.taken(phone).length === 1, "the provider took it");
            if (fault === "kill -9") await kill_and_start_again(town);
            else await until(async () => settled_or_open.includes((await town.contact(ids[place])).reply_status), "unknown");
        });
    }

    test("the receipts, with our mark on them, settle every one", async () => {
        await fetch(`${town.sandbox_url}/_control/rules`, { method: "DELETE" });
        await town.control("settings", { hold_webhooks: false });
        await town.control("flush", {});
        for (const [place, fault] of faults.entries()) {
            await until(async () => ["delivered", "read"].includes((await town.contact(ids[place])).reply_status), `${fault}: settled by its receipt`);
        }
    });

    test("by the ledger, not one of them was sent twice", () => {
        for (const [place, fault] of faults.entries()) assert.equal(town.taken(phone_of(place)).length, 1, fault);
    });
}

// The process dies with the message on the wire and the answer outstanding.
async function kill_and_start_again(town) {
    town.gateway.kill("SIGKILL");
    await town.gateway.ended;
    await town.start_gateway();
}
