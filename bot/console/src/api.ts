// The only place that speaks HTTP. Every answer is a value: screens decide what to say, nothing is thrown at them.
import type { Problem } from "./types";

export type Answer<T> =
    | { ok: true; data: T }
    | { ok: false; why: "offline" | "signed_out" | "conflict" | "refused" | "failed"; problem: Problem };

const patience_ms = 15_000;
const upload_patience_ms = 120_000;

export function newKey(): string {
    // crypto.randomUUID exists in secure contexts only; a console on a plain http address in the office still has getRandomValues
    return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

type Options = { body?: unknown; key?: string; keepalive?: boolean; type?: string };

export async function request<T>(method: string, path: string, options: Options = {}): Promise<Answer<T>> {
    const headers: Record<string, string> = { Accept: "application/json", "X-Requested-With": "warmcall" };
    if (options.body !== undefined) headers["Content-Type"] = options.type ?? "application/json";
    if (options.key !== undefined) headers["Idempotency-Key"] = options.key;
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), options.type === undefined ? patience_ms : upload_patience_ms);
    try {
        const response = await fetch(path, {
            method,
            headers,
            ...(options.body === undefined ? {} : { body: options.type === undefined ? JSON.stringify(options.body) : String(options.body) }),
            keepalive: options.keepalive ?? false,
            credentials: "same-origin",
            cache: "no-store",
            signal: giveUp.signal,
        });
        const data: unknown = await response.json().catch(() => null);
        if (response.ok) return { ok: true, data: data as T };
        return { ok: false, why: whyNot(response.status), problem: { status: response.status, ...(data as Problem | null) } };
    } catch {
        return { ok: false, why: "offline", problem: {} };
    } finally {
        clearTimeout(timer);
    }
}

function whyNot(status: number): "signed_out" | "conflict" | "refused" | "failed" {
    if (status === 401) return "signed_out";
    if (status === 409) return "conflict";
    // 408 and 429 pass with time, like a server's own error
    return status >= 400 && status < 500 && status !== 408 && status !== 429 ? "refused" : "failed";
}

// A file as it is, such as text/csv.
export const send = <T>(path: string, text: string, type: string): Promise<Answer<T>> => request<T>("POST", path, { body: text, type });

export const get = <T>(path: string): Promise<Answer<T>> => request<T>("GET", path);
