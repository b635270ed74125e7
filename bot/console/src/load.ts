// What a screen reads from the server: kept in memory while the page lives, so that going back is instant, and asked for again when something changes.
// Nothing of it is written to the phone: names beyond today's list stay on the server.
import { useEffect, useReducer } from "preact/hooks";
import { get } from "./api";
import { changes } from "./live";

export type Loaded<T> = { status: "loading" | "ready" | "offline" | "missing" | "failed"; data: T | null };

const kept = new Map<string, unknown>();
const kept_max = 60;

function keep(path: string, data: unknown): void {
    kept.delete(path);
    kept.set(path, data);
    for (const oldest of kept.keys()) {
        if (kept.size <= kept_max) break;
        kept.delete(oldest);
    }
}

export const forgetLoaded = (): void => kept.clear();

// null: nothing is asked for.
export function useLoaded<T>(path: string | null): Loaded<T> & { again: () => void; put: (data: T) => void } {
    const [, redraw] = useReducer((n: number) => n + 1, 0);
    const [turn, again] = useReducer((n: number) => n + 1, 0);
    const [problem, setProblem] = useReducer((_: Problem | null, next: Problem | null) => next, null);
    useEffect(() => {
        if (path === null) return;
        let current = true;
        let soon: ReturnType<typeof setTimeout> | undefined;
        const ask = async () => {
            const answer = await get<T>(path);
            if (!current) return;
            if (answer.ok) keep(path, answer.data);
            else if (answer.problem.status === 404) kept.delete(path);  // what is not there any more, or not ours, is not shown
            const status = answer.ok ? null : answer.why === "offline" ? "offline" : answer.problem.status === 404 ? "missing" : "failed";
            setProblem(status === null ? null : { path, status });
            redraw(0);
        };
        void ask();
        // many changes close together are one question
        const stop = changes.watch(() => {
            clearTimeout(soon);
            soon = setTimeout(() => void ask(), 200);
        });
        return () => {
            current = false;
            clearTimeout(soon);
            stop();
        };
    }, [path, turn]);
    const data = path === null ? null : ((kept.get(path) as T | undefined) ?? null);
    const broken = problem !== null && problem.path === path ? problem.status : null;
    return {
        status: broken ?? (data === null ? "loading" : "ready"),
        data,
        again: () => again(0),
        put: (next) => {
            if (path !== null) keep(path, next);
            redraw(0);
        },
    };
}

type Problem = { path: string; status: "offline" | "missing" | "failed" };
