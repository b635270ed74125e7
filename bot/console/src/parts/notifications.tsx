// How the rep hears of a call when the app is closed: this phone on or off, every way with what became of its last try, and the calendar.
import { useEffect, useState } from "preact/hooks";
import { request } from "../api";
import { type Key, t } from "../i18n";
import { useLoaded } from "../load";
import { forgetPhone, type Phone, type Phones, pushState, type PushState, tryPhone, turnOff, turnOn } from "../push";
import { whyNot } from "../refusal";
import { ago } from "../time";
import { say } from "../toasts";

export function Notifications() {
    const { data, again } = useLoaded<Phones>("/api/v1/devices");
    const [state, setState] = useState<PushState | null>(null);
    const [busy, setBusy] = useState(false);
    const look = () => void pushState().then(setState, () => setState("unsupported"));
    useEffect(look, []);
    if (data === null) return null;
    const key = data.push_key;

    async function toggle(on: boolean) {
        setBusy(true);
        const answer = on && key !== null ? await turnOn(key).catch(() => null) : await turnOff().then(() => null);
        setBusy(false);
        if (answer !== null && !answer.ok) say(whyNot(answer), { kind: "warn" });
        look();
        again();
    }
    async function tryIt(phone: Phone) {
        const answer = await tryPhone(phone.id);
        // the service's own words are the best help there is
        const text = answer.ok ? (answer.data.went ? t("push_tried") : `${answer.data.sentence} ${answer.data.answer}`.trim()) : whyNot(answer);
        say(text, answer.ok && answer.data.went ? {} : { kind: "warn" });
        again();
    }
    async function forget(phone: Phone) {
        const answer = await forgetPhone(phone.id);
        if (!answer.ok) say(whyNot(answer), { kind: "warn" });
        again();
    }
    return (
        <section class="panel" aria-labelledby="notifications">
            <h2 id="notifications">{t("push_title")}</h2>
            {state !== null && key !== null && <p class="hint">{t(`push_${state}` as Key)}</p>}
            {key !== null && (state === "ask" || state === "on") && (
                <button type="button" class="button strong" disabled={busy} onClick={() => void toggle(state === "ask")}>
                    {t(state === "ask" ? "push_turn_on" : "push_turn_off")}
                </button>
            )}
            {data.items.length > 0 && (
                <ul class="devices">
                    {data.items.map((phone) => (
                        <li key={phone.id}>
                            <span class="who">
                                <bdi>{phone.name || phone.way}</bdi>
                                <span class={phone.problem ? "meta wrong" : "meta"}>{phone.problem ? <bdi>{phone.problem}</bdi> : (phone.told_at ? t("push_told", { ago: ago(phone.told_at) }) : t("push_never"))}</span>
                            </span>
                            <button type="button" class="button" onClick={() => void tryIt(phone)}>
                                {t("push_try")} <span class="hidden">{phone.name || phone.way}</span>
                            </button>
                            {phone.removable && (
                                <button type="button" class="button" onClick={() => void forget(phone)}>
                                    {t("push_remove")} <span class="hidden">{phone.name || phone.way}</span>
                                </button>
                            )}
                        </li>
                    ))}
                </ul>
            )}
        </section>
    );
}

export function Calendar() {
    const { data, put } = useLoaded<{ url: string }>("/api/v1/calendar");
    if (data === null) return null;
    async function copy(url: string) {
        await navigator.clipboard?.writeText(url).then(() => say(t("copied")), () => undefined);
    }
    async function rotate() {
        const answer = await request<{ url: string }>("POST", "/api/v1/calendar/rotate", { body: {} });
        if (!answer.ok) return say(whyNot(answer), { kind: "warn" });
        put(answer.data);
        say(t("calendar_rotated"));
    }
    return (
        <section class="panel" aria-labelledby="calendar">
            <h2 id="calendar">{t("calendar_title")}</h2>
            <p class="hint">{t("calendar_text")}</p>
            <code class="command" dir="ltr">{data.url}</code>
            <div class="actions wrap">
                {navigator.clipboard && (
                    <button type="button" class="button" onClick={() => void copy(data.url)}>
                        {t("calendar_copy")}
                    </button>
                )}
                <button type="button" class="button" onClick={() => void rotate()}>
                    {t("calendar_rotate")}
                </button>
            </div>
        </section>
    );
}
