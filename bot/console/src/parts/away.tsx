// "I'm away until …": the calls go to the stand-in meanwhile, and come back by themselves.
import { useState } from "preact/hooks";
import { request } from "../api";
import { t } from "../i18n";
import { useLoaded } from "../load";
import { whyNot } from "../refusal";
import { toLocalInput, when } from "../time";
import { say } from "../toasts";

type RepRow = { id: string; name: string; stand_in: string | null; away_until: string | null };

function morning(days: number): number {
    const then = new Date();
    then.setDate(then.getDate() + days);
    then.setHours(9, 0, 0, 0);
    return then.getTime();
}
const daysToMonday = () => ((8 - new Date().getDay()) % 7) || 7;

export function Away({ rep }: { rep: string }) {
    const { data, again } = useLoaded<{ items: RepRow[] }>("/api/v1/reps");
    const [custom, setCustom] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    const own = data?.items.find((each) => each.id === rep);
    if (own === undefined) return null;
    const standIn = data?.items.find((each) => each.id === own.stand_in)?.name;
    const picked = custom ? new Date(custom).getTime() : Number.NaN;

    async function away(until: number | null) {
        setBusy(true);
        const answer = await request("POST", `/api/v1/reps/${encodeURIComponent(rep)}/away`, { body: { until: until === null ? null : new Date(until).toISOString() } });
        setBusy(false);
        if (!answer.ok) return say(whyNot(answer), { kind: "warn" });
        setCustom(null);
        say(until === null ? t("back_toast") : t("away_toast", { time: when(until) }));
        again();
    }
    return (
        <section class="panel" aria-labelledby="away">
            <h2 id="away">{t("away_title")}</h2>
            {own.away_until !== null ? (
                <>
                    <p>{t("away_until", { time: when(own.away_until) })}</p>
                    <p class="hint">{standIn ? t("away_stand_in", { name: standIn }) : t("away_nobody")}</p>
                    <button type="button" class="button strong" disabled={busy} onClick={() => void away(null)}>
                        {t("im_back")}
                    </button>
                </>
            ) : (
                <>
                    <p class="hint">{standIn ? t("away_would", { name: standIn }) : t("away_nobody")}</p>
                    <div class="actions wrap">
                        {[1, daysToMonday()].map((days, n) => (
                            <button type="button" class="button" key={n} disabled={busy} onClick={() => void away(morning(days))}>
                                {n === 0 ? t("until_tomorrow") : t("until_monday")}
                            </button>
                        ))}
                        <button type="button" class="button" aria-expanded={custom !== null} onClick={() => setCustom(custom === null ? "" : null)}>
                            {t("pick_a_time")}
                        </button>
                    </div>
                    {custom !== null && (
                        <form
                            class="inlineform"
                            onSubmit={(e) => {
                                e.preventDefault();
                                if (picked > Date.now()) void away(picked);
                            }}
                        >
                            <label class="field">
                                <span>{t("back_on")}</span>
                                <input type="datetime-local" value={custom} min={toLocalInput(Date.now())} required onInput={(e) => setCustom(e.currentTarget.value)} />
                            </label>
                            <button type="submit" class="button strong" disabled={busy || !(picked > Date.now())}>
                                {t("save")}
                            </button>
                        </form>
                    )}
                </>
            )}
        </section>
    );
}
