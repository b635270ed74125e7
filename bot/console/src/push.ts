// Notifications on this phone: asking the browser, signing up with the gateway, and letting go again. The worker shows them
// (worker.ts). Always asked for inside a tap, because iOS gives the permission nowhere else.
import { get, request } from "./api";
import type { Answer } from "./api";

export type Phone = {
    id: string;
    way: string;
    name: string;
    after_s: number;
    removable: boolean;
    seen_at: string | null;
    told_at: string | null;
    problem: string | null;
};
export type Phones = { items: Phone[]; push_key: string | null };
export type Trial = { went: boolean; status: number | null; sentence: string; answer: string };

// "ask": can be turned on; "on", "blocked": the browser says no; "install": an iPhone that must put us on its home screen first.
export type PushState = "on" | "ask" | "blocked" | "install" | "unsupported";

const kept = "warmcall.push";

const onIphone = (): boolean => /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.userAgent.includes("Macintosh") && navigator.maxTouchPoints > 1);
const installed = (): boolean => matchMedia("(display-mode: standalone)").matches;

export const phones = (): Promise<Answer<Phones>> => get<Phones>("/api/v1/devices");
export const tryPhone = (id: string): Promise<Answer<Trial>> => request<Trial>("POST", `/api/v1/devices/${encodeURIComponent(id)}/test`, { body: {} });
export const forgetPhone = (id: string): Promise<Answer<unknown>> => request("DELETE", `/api/v1/devices/${encodeURIComponent(id)}`);

async function manager(): Promise<PushManager | null> {
    if (!("serviceWorker" in navigator) || !("PushManager" in window)) return null;
    return (await navigator.serviceWorker.ready).pushManager;
}

export async function pushState(): Promise<PushState> {
    if (!("PushManager" in window)) return onIphone() && !installed() ? "install" : "unsupported";
    if (typeof Notification !== "undefined" && Notification.permission === "denied") return "blocked";
    const found = await (await manager())?.getSubscription();
    return found && localStorage.getItem(kept) ? "on" : "ask";
}

// Compared as bytes: Firefox gives the key back with padding, Chromium without.
function bytes(base64url: string): Uint8Array<ArrayBuffer> {
    const plain = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (c) => c.charCodeAt(0));
}
function same(a: ArrayBuffer | null, b: Uint8Array): boolean {
    const left = a === null ? new Uint8Array() : new Uint8Array(a);
    return left.length === b.length && left.every((byte, i) => byte === b[i]);
}

function nameOfThis(): string {
    const agent = navigator.userAgent;
    const browser = /Firefox|FxiOS/.test(agent) ? "Firefox" : /Edg/.test(agent) ? "Edge" : /Chrome|CriOS/.test(agent) ? "Chrome" : /Safari/.test(agent) ? "Safari" : "Browser";
    const system = /Android/.test(agent) ? "Android" : onIphone() ? "iPhone" : /Mac/.test(agent) ? "Mac" : /Windows/.test(agent) ? "Windows" : "Linux";
    return `${browser} · ${system}`;
}

async function signUp(subscription: PushSubscription): Promise<Answer<{ id: string }>> {
    const { endpoint, keys } = subscription.toJSON();
    const body = { name: nameOfThis(), endpoint, keys: { p256dh: keys?.["p256dh"] ?? "", auth: keys?.["auth"] ?? "" } };
    const answer = await request<{ id: string }>("POST", "/api/v1/devices", { body });
    if (answer.ok) localStorage.setItem(kept, answer.data.id);
    return answer;
}

// From a tap. null: the person said no, or the browser cannot.
export async function turnOn(pushKey: string): Promise<Answer<{ id: string }> | null> {
    if ((await Notification.requestPermission()) !== "granted") return null;
    const push = await manager();
    if (push === null) return null;
    const key = bytes(pushKey);
    const old = await push.getSubscription();
    if (old && !same(old.options.applicationServerKey, key)) await old.unsubscribe();
    return signUp(await push.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
}

export async function turnOff(): Promise<void> {
    const id = localStorage.getItem(kept);
    localStorage.removeItem(kept);
    await (await (await manager())?.getSubscription())?.unsubscribe();
    if (id !== null) await forgetPhone(id);
}

// On every opening of the app: a browser may have changed its address without telling anybody, and on iOS it never tells.
export async function syncPush(): Promise<void> {
    if (localStorage.getItem(kept) === null) return;
    const found = await (await manager())?.getSubscription();
    if (found) await signUp(found);
    else localStorage.removeItem(kept);
}
