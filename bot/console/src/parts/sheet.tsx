// After a call: what happened, and the next action. It cannot be saved without both (an ending has no next action, and says so).
import { useMemo, useState } from "preact/hooks";
import { notCalled, saveOutcome, snooze } from "../actions";
import { type Sheet as Open, sheet } from "../calls";
import { isolate, t } from "../i18n";
import { byLine, common, disposition, type Outcome, outcomeOf, rare } from "../outcomes";
import { inWords } from "../refusal";
import { useStore } from "../store";
import { chip, clock, suggestions, toLocalInput, when } from "../time";
import type { Disposition, Prompt } from "../types";
import { Dialog } from "./dialog";
import { Icon } from "./icons";

export function Sheets() {
    const open = useStore(sheet);
    if (open === null) return null;
    return open.kind === "outcome" ? <OutcomeSheet key={open.prompt.id} open={open} /> : <SnoozeSheet key={open.prompt.id} prompt={open.prompt} />;
}

const close = () => sheet.set(null);

function OutcomeSheet({ open: { prompt, called, again } }: { open: Extract<Open, { kind: "outcome" }> }) {
    const said = again === undefined ? null : (again.op.body as Disposition);
    const still = said?.next_at && Date.parse(said.next_at) > Date.now() ? toLocalInput(Date.parse(said.next_at)) : "";
    const [outcome, setOutcome] = useState<Outcome | null>(() => (said === null ? byLine(prompt.line) : outcomeOf(said)));
    const [choice, setChoice] = useState<number | "custom">(still === "" ? 0 : "custom");
    const [custom, setCustom] = useState(still);
    const [topic, setTopic] = useState(said?.topic ?? "");
    const [message, setMessage] = useState(said?.leave_message !== false || said.reached === "human");
    const zone = prompt.contact.time_zone;
    const dialled = called ?? (prompt.called_at ? Date.parse(prompt.called_at) : null);

    const offers = useMemo(() => (outcome?.next ? suggestions(prompt, outcome.next) : []), [outcome]);
    const customAt = custom === "" ? Number.NaN : new Date(custom).getTime();
    const past = choice === "custom" && custom !== "" && customAt <= Date.now();
    const nextAt = choice === "custom" ? (customAt > Date.now() ? new Date(customAt).toISOString() : null) : (offers[choice]?.at ?? null);
    const ready = outcome === null ? null : disposition(outcome, nextAt, topic, message);

    function choose(picked: Outcome) {
        if (picked.next !== outcome?.next) setChoice(0);
        setOutcome(picked);
    }
    function save(event: Event) {
        event.preventDefault();
        if (outcome !== null && ready !== null) saveOutcome(prompt, ready, t(outcome.label));
    }
    const radio = (o: Outcome) => (
        <label class={`choice o-${o.id}`} key={o.id}>
            <input type="radio" name="outcome" value={o.id} checked={outcome?.id === o.id} onChange={() => choose(o)} />
            <span>{t(o.label)}</span>
        </label>
    );
    return (
        <Dialog title={t("how_did_it_go_with", { name: prompt.contact.name })} close={close}>
            <form method="dialog" onSubmit={save}>
                <div class="sheet-body">
                    {again !== undefined && (
                        <p class="note">
                            <bdi>{t("refused", { why: inWords(again.problem) })}</bdi>
                        </p>
                    )}
                    {dialled !== null && (
                        <p class="hint">
                            {t("you_called_at", { name: prompt.contact.first_name, time: clock(dialled) })}{" "}
                            {!prompt.line && (
                                <button type="button" class="inline" onClick={() => notCalled(prompt)}>
                                    {t("not_called")}
                                </button>
                            )}
                        </p>
                    )}
                    <fieldset>
                        <legend class="hidden">{t("outcome")}</legend>
                        <div class="choices">{common.map(radio)}</div>
                        <details open={rare.some((o) => o.id === outcome?.id)}>
                            <summary>{t("more_outcomes")}</summary>
                            <div class="choices">{rare.map(radio)}</div>
                        </details>
                    </fieldset>

                    {outcome !== null && outcome.next !== null && (
                        <fieldset class="next">
                            <legend>{t("next_action")}</legend>
                            <p class="hint">{t("next_action_hint")}</p>
                            <div class="choices">
                                {offers.map((offer, n) => (
                                    <label class="choice" key={offer.at}>
                                        <input type="radio" name="next" checked={choice === n} onChange={() => setChoice(n)} />
                                        <span>{chip(offer.at)}</span>
                                    </label>
                                ))}
                                <label class="choice">
                                    <input type="radio" name="next" checked={choice === "custom"} onChange={() => setChoice("custom")} />
                                    <span>{t("pick_a_time")}</span>
                                </label>
                            </div>
                            {choice === "custom" && (
                                <label class="field">
                                    <span>{t("when")}</span>
                                    <input type="datetime-local" value={custom} min={toLocalInput(Date.now())} required aria-describedby="zones" aria-invalid={past} onInput={(e) => setCustom(e.currentTarget.value)} />
                                </label>
                            )}
                            <p class="hint" id="zones" role="status">
                                {past && <strong class="wrong">{t("in_the_past")}</strong>}
                                {nextAt !== null && <BothTimes at={nextAt} zone={zone} />}
                            </p>
                        </fieldset>
                    )}
                    {outcome?.next === null && <p class="note">{t(outcome.id === "stop" ? "stop_explained" : "closed_explained")}</p>}
                    {outcome?.topic && (
                        <label class="field">
                            <span>{t("ask_next_time")}</span>
                            <input type="text" dir="auto" maxLength={200} autocomplete="off" value={topic} aria-describedby="nudge" onInput={(e) => setTopic(e.currentTarget.value)} />
                            <small class="hint" id="nudge">
                                {t("ask_next_time_hint")}
                            </small>
                        </label>
                    )}
                    {outcome?.message && (
                        <label class="tick">
                            <input type="checkbox" checked={message} onChange={(e) => setMessage(e.currentTarget.checked)} />
                            <span>{t("leave_message")}</span>
                        </label>
                    )}
                </div>
                <div class="sheet-foot">
                    <button type="button" class="quiet" onClick={close}>
                        {t("close")}
                    </button>
                    <button type="submit" class="main" disabled={ready === null} aria-describedby={outcome === null ? "first" : undefined}>
                        <Icon name="check" />
                        <span>{t("save_next")}</span>
                    </button>
                    {outcome === null && (
                        <span class="hidden" id="first">
                            {t("choose_outcome")}
                        </span>
                    )}
                </div>
            </form>
        </Dialog>
    );
}

// A promise is kept in two zones; one of them is theirs.
function BothTimes({ at, zone }: { at: string; zone: string | null }) {
    const mine = when(at);
    const theirs = zone ? when(at, zone) : mine;
    if (theirs === mine) return mine === chip(at) ? null : <>{mine}</>;
    return (
        <>
            {t("your_time", { time: mine })} · <strong>{t("their_time", { time: theirs })}</strong>
        </>
    );
}

function SnoozeSheet({ prompt }: { prompt: Prompt }) {
    const times = useMemo(() => {
        const morning = new Date();
        morning.setDate(morning.getDate() + 1);
        morning.setHours(9, 0, 0, 0);
        const early = prompt.good_from !== null && Date.parse(prompt.good_from) > Date.now() ? prompt.good_from : null;
        const plain = [
            { label: t("snooze_30"), at: new Date(Date.now() + 30 * 60_000).toISOString() },
            { label: t("snooze_2h"), at: new Date(Date.now() + 2 * 3600_000).toISOString() },
            { label: t("snooze_tomorrow"), at: morning.toISOString() },
        ];
        return early ? [{ label: t("set_for", { time: when(early) }), at: early }, ...plain] : plain;
    }, []);
    const zone = prompt.contact.time_zone;
    return (
        <Dialog title={t("snooze_title", { name: prompt.contact.name })} close={close}>
            <div class="sheet-body">
                <div class="stack">
                    {times.map(({ label, at }) => (
                        <button type="button" class="wide" key={at} onClick={() => snooze(prompt, at)}>
                            <span>{label}</span>
                            <small>
                                {clock(at)}
                                {zone && clock(at, zone) !== clock(at) && ` · ${t("there_then", { time: isolate(clock(at, zone)) })}`}
                            </small>
                        </button>
                    ))}
                </div>
            </div>
            <div class="sheet-foot">
                <button type="button" class="quiet" onClick={close}>
                    {t("cancel")}
                </button>
            </div>
        </Dialog>
    );
}
