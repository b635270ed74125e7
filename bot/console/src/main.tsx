import { render } from "preact";
import { App } from "./app";
import { startCalls } from "./calls";
import { startLanguage } from "./i18n";
import { startLive } from "./live";
import { startOutbox } from "./outbox";
import { refresh, refreshSoon, today } from "./today";

async function start(): Promise<void> {
    await startLanguage();
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
}

void start();
