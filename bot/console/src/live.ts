// Hears of changes as they happen: server-sent events read through fetch, because EventSource hides the pings (a dead line looks alive) and cannot
// be told where to resume after the page was asleep. While the line is down the list is asked for once a minute.
import { store } from "./store";

export type Line = "connecting" | "live" | "lost" | "signed_out";
export const line = store<Line>("connecting");
export const changes = store(0);  // counts what was heard; screens other than Today ask anew on it

const silence_max_ms = 40_000;  // the server pings every 15 s
const lost_after_ms = 30_000;
const poll_ms = 60_000;
const hidden_max_ms = 5 * 60_000;  // browsers allow six connections to a host: a tab nobody looks at gives its own back
const backoff_ms = [500, 1_000, 3_000, 8_000, 20_000];
const event_max = 64 * 1024;

let lastId = "";
let connection: AbortController | undefined;
let tries = 0;
let downSince = Date.now();
let retry: ReturnType<typeof setTimeout> | undefined;

export function startLive(today: () => void): void {
    const changed = () => {
        today();
        changes.change((n) => n + 1);
    };
    let hidden: ReturnType<typeof setTimeout> | undefined;
    document.addEventListener("visibilitychange", () => {
        clearTimeout(hidden);
        if (document.hidden) {
            hidden = setTimeout(() => connection?.abort(), hidden_max_ms);
        } else {
            changed();
            if (line.get() !== "live") reconnect();
        }
    });
    addEventListener("online", () => reconnect());
    setInterval(() => {
        if (document.hidden || line.get() === "live") return;
        changed();
    }, poll_ms);

    function reconnect() {
        tries = 0;
        connection?.abort();
        clearTimeout(retry);
        void listen();
    }

    async function listen(): Promise<void> {
        const mine = new AbortController();
        connection = mine;
        try {
            await read(mine, changed);
        } catch {
            // below: whatever broke it, the answer is to connect again
        }
        if (connection !== mine) return;  // a newer one took over
        if (line.get() === "live") downSince = Date.now();
        if (line.get() === "signed_out") return;
        line.set(Date.now() - downSince >= lost_after_ms ? "lost" : "connecting");
        setTimeout(() => {
            if (line.get() === "connecting" && Date.now() - downSince >= lost_after_ms) line.set("lost");
        }, lost_after_ms);
        const wait = backoff_ms[Math.min(tries++, backoff_ms.length - 1)] ?? 20_000;
        retry = setTimeout(() => void (document.hidden ? undefined : listen()), wait + Math.random() * wait * 0.3);
    }
    void listen();
}

async function read(mine: AbortController, changed: () => void): Promise<void> {
    const headers: Record<string, string> = { Accept: "text/event-stream", "X-Requested-With": "warmcall" };
    if (lastId !== "") headers["Last-Event-ID"] = lastId;
    let watchdog = setTimeout(() => mine.abort(), silence_max_ms);
    try {
        const response = await fetch("/api/v1/stream", { headers, credentials: "same-origin", cache: "no-store", signal: mine.signal });
        if (response.status === 401) line.set("signed_out");
        if (!response.ok || response.body === null) return;
        tries = 0;
        line.set("live");
        changed();  // whatever happened while nobody listened
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = "";
        for (;;) {
            const { value, done } = await reader.read();
            if (done) return;
            clearTimeout(watchdog);
            watchdog = setTimeout(() => mine.abort(), silence_max_ms);
            rest += value.replace(/\r\n?/g, "\n");
            for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
                if (isChange(rest.slice(0, end))) changed();
                rest = rest.slice(end + 2);
            }
            if (rest.length > event_max) return;  // not a stream of ours
        }
    } finally {
        clearTimeout(watchdog);
    }
}

function isChange(block: string): boolean {
    let data = false;
    for (const field of block.split("\n")) {
        if (field.startsWith("id:")) lastId = field.slice(3).trim();
        else if (field.startsWith("data:")) data = true;
    }
    return data;
}
