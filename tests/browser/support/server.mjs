// A stand-in for the gateway: serves the built console under the gateway's content security policy, answers its API from a canned day, and
// notes every write. It knows nothing of the method; the real server has its own tests.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";

export const policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png", ".webmanifest": "application/manifest+json" };

export async function startServer(dist, today) {
    const world = {
        today,                 // () => the answer of /api/v1/today
        writes: [],            // {path, key, body} in order
        answers: new Map(),    // path ending -> {status, body}, or a function of the body: what a write is answered with instead of 200
        signedIn: true,
        streams: new Set(),
        lastEventIds: [],
        todayStatus: 200,
        hold: null,            // a promise that /today waits for
        stream: true,
        api: null,             // (path, query) => the answer of any other GET, or of "POST path"; undefined: there is none
        apiStatus: 200,
        holdApi: null,         // a promise that those answers wait for
    };
    let event = 0;
    const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));

    async function answer(request, response) {
        const path = new URL(request.url, "http://x").pathname;
        const json = (status, body) => {
            response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json", "Cache-Control": "no-store" });
            response.end(body === undefined ? "" : JSON.stringify(body));
        };
        if (request.method === "GET" && !path.startsWith("/api/")) return file(path, response);
        let body = "";
        for await (const chunk of request) body += chunk;
        if (path === "/login" && request.method === "POST") {
            world.writes.push({ path, key: null, body: JSON.parse(body) });
            const made = world.answers.get(path);
            if (made !== undefined) return json(made.status, made.body);
            const good = JSON.parse(body).token === "good-token";
            world.signedIn = good;
            return good ? json(204) : json(401, { title: "Not signed in", status: 401 });
        }
        if (!world.signedIn) return json(401, { title: "Sign in first", status: 401 });
        if (path === "/api/v1/today") {
            if (world.hold) await world.hold;
            return world.todayStatus === 200 ? json(200, world.today()) : json(world.todayStatus, { title: "broken", status: world.todayStatus });
        }
        if (request.method === "GET" && world.api !== null) {
            if (world.apiStatus !== 200) return json(world.apiStatus, { title: "broken", status: world.apiStatus });
            if (world.holdApi) await world.holdApi;
            const found = world.api(path, new URL(request.url, "http://x").searchParams);
            if (found !== undefined) return json(200, found);
        }
        if (path === "/api/v1/stream") {
            if (!world.stream) return json(503, { title: "no stream", status: 503 });
            world.lastEventIds.push(request.headers["last-event-id"] ?? null);
            response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
            response.write(": hello\n\n");
            world.streams.add(response);
            request.on("close", () => world.streams.delete(response));
            return undefined;
        }
        if (["POST", "PATCH", "DELETE"].includes(request.method)) {
            if (request.headers["x-requested-with"] !== "warmcall") return json(403, { title: "forged", status: 403 });
            world.writes.push({ path, key: request.headers["idempotency-key"] ?? null, body: body === "" ? null : request.headers["content-type"] === "application/json" ? JSON.parse(body) : body });
            for (const [ending, made] of world.answers) {
                if (!path.endsWith(ending)) continue;
                const said = typeof made === "function" ? made(JSON.parse(body)) : made;
                return json(said.status, said.body);
            }
            const made = world.api === null ? undefined : world.api(`${request.method} ${path}`, new URL(request.url, "http://x").searchParams);
            return json(200, made ?? { prompt: null });
        }
        return json(404, { title: "no such thing", status: 404 });
    }

    function file(path, response) {
        const name = path === "/" ? "/index.html" : path === "/login" ? "/login.html" : path;
        try {
            const bytes = readFileSync(join(dist, name));
            response.writeHead(200, { "Content-Type": types[extname(name)] ?? "application/octet-stream", "Content-Security-Policy": /\.(html|js)$/.test(name) ? policy : "default-src 'none'; frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer" });
            response.end(bytes);
        } catch {
            response.writeHead(404).end();
        }
    }

    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    return {
        ...{ world },
        url: `http://127.0.0.1:${server.address().port}`,
        push(what = "replied") {
            event += 1;
            for (const stream of world.streams) stream.write(`id: ${event}\nevent: change\ndata: {"contact": 7, "what": "${what}"}\n\n`);
        },
        dropStreams() {
            for (const stream of world.streams) stream.destroy();
        },
        async stop() {
            server.closeAllConnections();
            await new Promise((done) => server.close(done));
        },
    };
}
