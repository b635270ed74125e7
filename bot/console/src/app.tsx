import { useEffect, useReducer, useRef } from "preact/hooks";
import { tellRefusal } from "./actions";
import { askHowItWent, call, sheet } from "./calls";
import { storedLanguage, storedTheme } from "./choices";
import { type Key, language, t, useLanguage } from "./i18n";
import { Lazy, type LazyName } from "./lazy";
import { moved, outbox, refusals } from "./outbox";
import { Icon, type IconName } from "./parts/icons";
import { Sheets } from "./parts/sheet";
import { href, route, type Screen } from "./router";
import { FocusDock, FocusScreen } from "./screens/focus";
import { SignedOut, StartDock, TodayScreen } from "./screens/today";
import { useStore } from "./store";
import { applyTheme } from "./theme";
import { when } from "./time";
import { queue, today } from "./today";
import { dismiss, say, toast } from "./toasts";

const tabs: { screen: Screen; icon: IconName; label: Key; also: Screen[] }[] = [
    { screen: "today", icon: "list", label: "queue", also: ["focus"] },
    { screen: "contacts", icon: "people", label: "contacts", also: ["contact", "import"] },
    { screen: "insights", icon: "chart", label: "insights", also: [] },
    { screen: "settings", icon: "gear", label: "settings", also: [] },
];
const lazy: Partial<Record<Screen, LazyName>> = { contacts: "people", contact: "people", import: "import", insights: "insights", settings: "settings" };

const wideScreen = matchMedia("(min-width: 960px)");

function useWide(): boolean {
    const [, again] = useReducer((n: number) => n + 1, 0);
    useEffect(() => {
        wideScreen.addEventListener("change", again);
        return () => wideScreen.removeEventListener("change", again);
    }, []);
    return wideScreen.matches;
}

export function App() {
    const here = useStore(route);
    const state = useStore(today);
    const ops = useStore(outbox);
    const [, redraw] = useReducer((n: number) => n + 1, 0);
    const wide = useWide();
    const main = useRef<HTMLElement>(null);

    // Words such as "4 min ago" grow old by themselves.
    useEffect(() => {
        const timer = setInterval(() => redraw(0), 30_000);
        return () => clearInterval(timer);
    }, []);
    // Language and theme chosen in another tab hold here too.
    useEffect(() => {
        const follow = (event: StorageEvent) => {
            if (event.key === "wc.theme") applyTheme(storedTheme());
            if (event.key === "wc.language") void useLanguage(storedLanguage()).then(() => redraw(0));
        };
        addEventListener("storage", follow);
        return () => removeEventListener("storage", follow);
    }, []);
    useEffect(() => {
        const tell = () => {
            const all = refusals.get();
            if (all.length === 0) return;
            refusals.set([]);
            all.forEach((one) => void tellRefusal(one));
        };
        tell();
        return refusals.watch(tell);
    }, []);
    useEffect(
        () =>
            moved.watch(() => {
                const one = moved.get();
                if (one !== null) say(t("next_moved", { name: one.op.name, next: when(one.next) }), { kind: "warn" });
            }),
        [],
    );
    // A new screen starts at its top and at its heading, for eyes and for screen readers; not on the first one.
    const first = useRef(true);
    useEffect(() => {
        if (first.current) {
            first.current = false;
            return;
        }
        scrollTo(0, 0);
        if (sheet.get() === null) main.current?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    }, [here.screen, here.id, here.part]);

    const ready = state.data !== null && state.status !== "signed_out";
    const next = ready && state.data ? queue(state.data, ops)[0] : undefined;
    const list = here.screen === "today" || (here.screen === "focus" && wide);
    const later = lazy[here.screen];
    const card = here.screen === "focus" || (here.screen === "today" && wide && next !== undefined);
    return (
        <div class={`app ${here.screen}${here.part ? ` ${here.screen}-${here.part}` : ""}`} data-words={language()}>
            <a class="skiplink" href="#main" onClick={(e) => (e.preventDefault(), main.current?.focus())}>
                {t("skip_to_list")}
            </a>
            <main ref={main} id="main" tabIndex={-1}>
                {list && (
                    <div class="pane">
                        <TodayScreen state={state} />
                    </div>
                )}
                {card && ready && (
                    <div class="pane pane-card">
                        <FocusScreen state={state} id={here.id} wide={wide} />
                    </div>
                )}
                {here.screen === "focus" && !ready && !wide && (
                    <div class="pane">
                        <TodayScreen state={state} />
                    </div>
                )}
                {later !== undefined && state.status === "signed_out" && (
                    <div class="pane">
                        <SignedOut />
                    </div>
                )}
                {later !== undefined && state.status !== "signed_out" && <Lazy name={later} route={here} state={state} wide={wide} redraw={() => redraw(0)} />}
            </main>
            <div class="foot">
                <ToastBox />
                <OnCall hidden={here.screen === "focus"} />
                {here.screen === "today" && !wide && next && <StartDock first={next} />}
                {here.screen === "focus" && !wide && ready && <FocusDock state={state} id={here.id} />}
                <nav class="tabs" aria-label={t("main_navigation")}>
                    <span class="brand" aria-hidden="true">
                        warmcall
                    </span>
                    {tabs.map(({ screen, icon, label, also }) => (
                        <a key={screen} href={href({ screen })} aria-current={here.screen === screen || also.includes(here.screen) ? "page" : undefined}>
                            <Icon name={icon} />
                            <span>{t(label)}</span>
                        </a>
                    ))}
                </nav>
            </div>
            <Sheets />
        </div>
    );
}

// On a desktop the dialler does not hide the page: the way to log the call stays in sight.
function OnCall({ hidden }: { hidden: boolean }) {
    const running = useStore(call);
    const open = useStore(sheet);
    if (running === null || hidden || open !== null) return null;
    return (
        <section class="oncall" aria-label={t("how_did_it_go")}>
            <span>{t("on_call", { name: running.prompt.contact.first_name || running.prompt.contact.name })}</span>
            <button type="button" class="chipbutton" onClick={() => askHowItWent(running.prompt)}>
                {t("how_did_it_go")}
            </button>
        </section>
    );
}

function ToastBox() {
    const shown = useStore(toast);
    return (
        <div class="toasts" role="status">
            {shown && (
                <div class={shown.kind === "warn" ? "toast warn" : "toast"} key={shown.id}>
                    <span>{shown.text}</span>
                    {shown.undo && (
                        <button
                            type="button"
                            onClick={() => {
                                dismiss();
                                shown.undo?.();
                            }}
                        >
                            {t("undo")}
                        </button>
                    )}
                    {shown.kind === "warn" && (
                        <button type="button" onClick={dismiss}>
                            {t("close")}
                        </button>
                    )}
                </div>
            )}
        </div>
    );
}
