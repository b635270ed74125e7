// Keeps the shell of the app on the phone, so that it opens without signal. Answers of the API are never kept here: they carry people's names,
// and the page keeps the one list it needs itself.
declare const SHELL: string[];
declare const VERSION: string;

// The page's types and a worker's exclude each other in one program, so what is used of the worker's is named here.
type Waiting = Event & { waitUntil(work: Promise<unknown>): void };
type Fetching = Waiting & { request: Request; respondWith(answer: Promise<Response>): void };
type Pushed = Waiting & { data: { text(): string } | null };
type Clicked = Waiting & { notification: Notification };
type Page = { url: string; visibilityState: string; focus(): Promise<unknown>; navigate(url: string): Promise<unknown> };
type Worker = {
    addEventListener(type: "push", listener: (event: Pushed) => void): void;
    addEventListener(type: "notificationclick", listener: (event: Clicked) => void): void;
    registration: ServiceWorkerRegistration;
    addEventListener(type: "install" | "activate", listener: (event: Waiting) => void): void;
    addEventListener(type: "fetch", listener: (event: Fetching) => void): void;
    skipWaiting(): Promise<void>;
    clients: {
        claim(): Promise<void>;
        matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<Page[]>;
        openWindow(url: string): Promise<unknown>;
    };
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

// The body is a Declarative Web Push, which iOS shows without us; here its members are read by hand. What cannot be read is
// shown all the same: a push that shows nothing costs the permission.
type Told = { title: string; body: string; navigate: string; lang: string; dir: NotificationDirection; tag: string; silent: boolean; takeBack: boolean };

function read(text: string): Told {
    const told: Told = { title: "warmcall", body: "", navigate: "/", lang: "", dir: "auto", tag: "warmcall", silent: false, takeBack: false };
    try {
        const pushed = JSON.parse(text) as { notification?: Partial<Told>; warmcall?: { take_back?: boolean } };
        return { ...told, ...pushed.notification, takeBack: pushed.warmcall?.take_back === true };
    } catch {
        return { ...told, body: text.slice(0, 200) };
    }
}

async function show(told: Told): Promise<void> {
    const { title, body, navigate, lang, dir, tag, silent } = told;
    const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    if (told.takeBack && pages.some((page) => page.visibilityState === "visible")) {
        for (const shown of await worker.registration.getNotifications({ tag })) shown.close();
        return;
    }
    // one under the same tag replaces the one before without a sound, unless it is asked to be heard
    const options: NotificationOptions & { renotify: boolean } = { body, lang, dir, tag, silent, renotify: !silent, icon: "/icon.svg", data: navigate };
    await worker.registration.showNotification(title, options);
}

async function open(url: string): Promise<unknown> {
    const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    const here = pages.find((page) => new URL(page.url).origin === worker.location.origin);
    if (here === undefined) return worker.clients.openWindow(url);
    await here.focus();
    return here.navigate(url);
}

worker.addEventListener("push", (event) => event.waitUntil(show(read(event.data?.text() ?? ""))));

worker.addEventListener("notificationclick", (event) => {
    event.notification.close();
    const wanted = new URL(String(event.notification.data ?? "/"), worker.location.origin);
    event.waitUntil(open(wanted.origin === worker.location.origin ? wanted.href : "/"));
});

export {};
