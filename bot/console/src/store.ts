// A value that screens can watch.
import { useEffect, useReducer } from "preact/hooks";

export type Store<T> = { get(): T; set(next: T): void; change(with_: (now: T) => T): void; watch(listener: () => void): () => void };

export function store<T>(first: T): Store<T> {
    let value = first;
    const listeners = new Set<() => void>();
    const set = (next: T) => {
        if (Object.is(next, value)) return;
        value = next;
        for (const listener of [...listeners]) listener();
    };
    return {
        get: () => value,
        set,
        change: (with_) => set(with_(value)),
        watch: (listener) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
    };
}

export function useStore<T>(watched: Store<T>): T {
    const [, again] = useReducer((n: number) => n + 1, 0);
    const seen = watched.get();
    useEffect(() => {
        if (!Object.is(watched.get(), seen)) again(0);  // it moved between render and effect
        return watched.watch(() => again(0));
    }, [watched]);
    return seen;
}
