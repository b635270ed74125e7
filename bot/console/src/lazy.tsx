// The screens beyond Today are fetched when they are opened: Today comes first on a slow line. The service worker keeps them for a phone without signal.
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { moreWords, t } from "./i18n";
import { Empty, Skeleton } from "./parts/states";
import type { Route } from "./router";
import { store, useStore } from "./store";
import type { State } from "./today";

export type ScreenProps = { route: Route; state: State; wide: boolean; redraw: () => void };
type Screen = ComponentType<ScreenProps>;

const loaders = {
    people: () => import("./screens/people"),
    import: () => import("./screens/import"),
    insights: () => import("./screens/insights"),
    settings: () => import("./screens/settings"),
};
export type LazyName = keyof typeof loaders;

const loaded = store<Partial<Record<LazyName, Screen | "failed">>>({});

async function load(name: LazyName): Promise<void> {
    try {
        const [made] = await Promise.all([loaders[name](), moreWords()]);
        loaded.change((all) => ({ ...all, [name]: made.default }));
    } catch {
        loaded.change((all) => ({ ...all, [name]: "failed" as const }));
    }
}

export function Lazy({ name, ...props }: ScreenProps & { name: LazyName }) {
    const found = useStore(loaded)[name];
    useEffect(() => {
        if (found === undefined) void load(name);
    }, [name, found]);
    if (found === undefined) return <div class="pane"><Skeleton /></div>;
    if (found === "failed") {
        // no signal, or a new release has taken the place of these files: a reload brings the right ones
        return (
            <div class="pane">
                <Empty top icon="cloud" title={t("screen_failed_title")} text={t("screen_failed_text")}>
                    <button type="button" class="button" onClick={() => location.reload()}>
                        {t("try_again")}
                    </button>
                </Empty>
            </div>
        );
    }
    const Found = found;
    return <Found {...props} />;
}
