// Keeps the shell of the app on the phone, so that it opens without signal. Answers of the API are never kept here: they carry people's names,
// and the page keeps the one list it needs itself.
declare const SHELL: string[];
declare const VERSION: string;

// The page's types and a worker's exclude each other in one program, so what is used of the worker's is named here.
type Waiting = Event & { waitUntil(work: Promise<unknown>): void };
type Fetching = Waiting & { request: Request; respondWith(answer: Promise<Response>): void };
type Worker = {
    addEventListener(type: "install" | "activate", listener: (event: Waiting) => void): void;
    addEventListener(type: "fetch", listener: (event: Fetching) => void): void;
    skipWaiting(): Promise<void>;
    clients: { claim(): Promise<void> };
    location: Location;
};
const worker = self as unknown as Worker;
const kept = `warmcall-${VERSION}`;

worker.addEventListener("install", (event) => {
    event.waitUntil(caches.open(kept).then((cache) => cache.addAll(SHELL)).then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => {
    const old = caches.keys().then((keys) => Promise.all(keys.filter((key) => key !== kept).map((key) => caches.delete(key))));
    event.waitUntil(old.then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (event) => {
    const url = new URL(event.request.url);
    if (event.request.method !== "GET" || url.origin !== worker.location.origin) return;
    if (url.pathname === "/") {
        // the network first: a new release must not wait for a second visit
        event.respondWith(fetch(event.request).catch(async () => (await caches.match("/")) ?? Response.error()));
    } else if (url.pathname.startsWith("/assets/")) {
        event.respondWith(caches.match(event.request).then((found) => found ?? fetch(event.request)));
    }
});

export {};
