import { render } from "preact";
import { App } from "./app";
import { startCalls } from "./calls";
import { signedUpForPush } from "./choices";
import { startLanguage } from "./i18n";
import { startLive } from "./live";
import { startOutbox } from "./outbox";
import { refresh, refreshSoon, today } from "./today";

const again_ms = 4_000;

async function start(): Promise<void> {
    try {
        await startLanguage();
    } catch {  // the line broke between two files of the page: there are no words yet to say so in
        setTimeout(() => location.reload(), again_ms);
        return;
    }
    startOutbox();
    startCalls();
    const root = document.getElementById("app");
    if (root === null) return;
    root.textContent = "";
    render(<App />, root);
    await refresh();
    startLive(refreshSoon);
    addEventListener("offline", () => today.change((was) => ({ ...was, online: false })));
    addEventListener("online", refreshSoon);
    // Without the worker the console still works; it only cannot open without signal.
    navigator.serviceWorker?.register("/sw.js").catch(() => undefined);
    if (signedUpForPush()) void import("./push").then(({ syncPush }) => syncPush()).catch(() => undefined);
}

void start();
