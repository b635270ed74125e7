import { useEffect } from "preact/hooks";
import { acknowledge, following, skip, snooze } from "../actions";
import { askHowItWent, call } from "../calls";
import { type Key, t } from "../i18n";
import { outbox } from "../outbox";
import { Answers, CallButton, Claimed, SnoozeButton } from "../parts/card";
import { Icon } from "../parts/icons";
import { Avatar, Name, Quote } from "../parts/person";
import { long, there } from "../parts/reason";
import { Empty, Skeleton } from "../parts/states";
import { href } from "../router";
import { useStore } from "../store";
import { when } from "../time";
import { calledByOther, findPrompt, heldByOther, isDone, queue, type State } from "../today";
import type { Preferences, Prompt } from "../types";

type View = { state: State; id?: number | undefined; wide?: boolean };

function useShown({ state: { data }, id }: View): Prompt | undefined {
    const ops = useStore(outbox);
    const shown = id === undefined && data !== null ? queue(data, ops)[0] : findPrompt(data, id ?? 0);
    return shown !== undefined && isDone(shown, ops) ? undefined : shown;
}

// One person at a time: who, why now, what they said, what to say, and one big button.
export function FocusScreen({ state, id, wide }: View) {
    const ops = useStore(outbox);
    const shown = useShown({ state, id });
    const { data } = state;
    useEffect(() => {
        if (shown !== undefined && !wide) acknowledge(shown);
    }, [shown?.id, wide]);
    if (data === null) return state.status === "loading" ? <Skeleton /> : <Gone top={!wide} />;
    if (shown === undefined) return wide && id === undefined ? null : <Gone top={!wide} />;

    const all = queue(data, ops);
    const position = all.findIndex((p) => p.id === shown.id);
    const { contact } = shown;
    return (
        <div class="focus">
            <header class="focus-top">
                {!wide && (
                    <a class="round" href={href({ screen: "today" })} aria-label={t("back_to_list")}>
                        <Icon name="back" />
                    </a>
                )}
                {position >= 0 && <p class="position">{t("position", { done: position + 1, count: all.length })}</p>}
                <span class="focus-links">
                    <a class="round" href={href({ screen: "contact", id: contact.id, part: "chat" })} aria-label={t("message_name", { name: contact.name })}>
                        <Icon name="chat" />
                    </a>
                    <a class="round" href={href({ screen: "contact", id: contact.id })} aria-label={t("open_contact", { name: contact.name })}>
                        <Icon name="person" />
                    </a>
                </span>
            </header>
            <div class="identity">
                <Avatar of={contact} />
                <div>
                    {wide ? (
                        <h2 class="bigname">
                            <Name of={contact} />
                        </h2>
                    ) : (
                        <h1 class="bigname" tabIndex={-1}>
                            <Name of={contact} />
                        </h1>
                    )}
                    <p class="meta">{there(shown)}</p>
                </div>
            </div>
            <p class="why">{long(shown, data.rep.id)}</p>
            {shown.words !== "" && <Quote words={shown.words} language={contact.language} />}
            {shown.section === "question" ? (
                <Answers prompt={shown} />
            ) : (
                <>
                    <Claimed prompt={shown} me={data.rep.id} />
                    {shown.question === "send" && (
                        <div class="panel">
                            <Answers prompt={shown} />
                        </div>
                    )}
                    <Script lines={shown.script} />
                    <Facts prompt={shown} />
                    {wide && <FocusDock state={state} id={id} />}
                </>
            )}
        </div>
    );
}

function Gone({ top }: { top: boolean }) {
    return (
        <Empty top={top} icon="check" title={t("gone_title")} text={t("gone_text")}>
            <a class="button" href={href({ screen: "today" })}>
                {t("back_to_list")}
            </a>
        </Empty>
    );
}

function Script({ lines }: { lines: string[] }) {
    if (lines.length === 0) return null;
    return (
        <section class="script" aria-labelledby="say">
            <h2 id="say">{t("say")}</h2>
            <ol>
                {lines.map((line, n) => (
                    <li key={n}>
                        <bdi>{line}</bdi>
                    </li>
                ))}
            </ol>
        </section>
    );
}

function reach({ from, to, reach: how }: Preferences): string {
    return [how, from && t("reach_from", { time: from }), to && t("reach_to", { time: to })].filter((w) => w).join(" · ");
}

function Facts({ prompt: { contact } }: { prompt: Prompt }) {
    const preferences = contact.preferences ?? {};
    const liked = reach(preferences);
    return (
        <dl class="facts">
            <div>
                <dt>{t("topic_last_time")}</dt>
                <dd>{contact.topic ? <bdi>{contact.topic}</bdi> : <span class="hint">{t("no_topic")}</span>}</dd>
            </div>
            {liked !== "" && (
                <div>
                    <dt>{t("prefers")}</dt>
                    <dd>
                        <bdi>{liked}</bdi>
                    </dd>
                </div>
            )}
            {preferences.if_lost && (
                <div>
                    <dt>{t("if_lost")}</dt>
                    <dd>
                        <bdi>{preferences.if_lost}</bdi>
                    </dd>
                </div>
            )}
            {contact.delivery && (
                <div>
                    <dt>{t("delivery")}</dt>
                    <dd>{t(`delivery_${contact.delivery}` as Key)}</dd>
                </div>
            )}
        </dl>
    );
}

// On a phone it stands at the foot of the page with everything else that is fixed there, so that nothing covers it.
export function FocusDock(view: View) {
    const shown = useShown(view);
    const running = useStore(call);
    if (shown === undefined || view.state.data === null || shown.section === "question") return null;
    return (
        <section class="dock" aria-label={t("next_action")}>
            <Buttons prompt={shown} me={view.state.data.rep.id} onCall={running?.prompt.id === shown.id} />
        </section>
    );
}

function Buttons({ prompt, me, onCall }: { prompt: Prompt; me: string; onCall: boolean }) {
    const early = prompt.good_from !== null && Date.parse(prompt.good_from) > Date.now() ? prompt.good_from : null;
    const { contact } = prompt;
    const theirs = calledByOther(prompt, me);
    if (onCall || (prompt.section === "unlogged" && !theirs)) {
        return (
            <>
                <button type="button" class="main" onClick={() => askHowItWent(prompt)}>
                    <Icon name="check" />
                    <span>{t("how_did_it_go")}</span>
                </button>
                <div class="dock-more">
                    <CallButton prompt={prompt} variant="plain" label={t("call_anyway")} />
                </div>
            </>
        );
    }
    if (theirs || heldByOther(prompt, me)) {
        const next = following(prompt);
        return (
            <>
                <a class="main" href={href(next ? { screen: "focus", id: next.id } : { screen: "today" })}>
                    <span>{next ? t("start_next", { name: next.contact.first_name }) : t("back_to_list")}</span>
                </a>
            </>
        );
    }
    return (
        <>
            {contact.phone === null && (
                <p class="hint">
                    {t("no_phone")}{" "}
                    <a class="inline" href={href({ screen: "contact", id: contact.id, part: "edit" })}>
                        {t("add_phone")}
                    </a>
                </p>
            )}
            {contact.phone === null ? (
                <button type="button" class="main" onClick={() => askHowItWent(prompt)}>
                    <Icon name="check" />
                    <span>{t("how_did_it_go")}</span>
                </button>
            ) : early ? (
                <button type="button" class="main" onClick={() => snooze(prompt, early)}>
                    <Icon name="clock" />
                    <span>{t("set_for", { time: when(early) })}</span>
                </button>
            ) : (
                <CallButton prompt={prompt} variant="main" />
            )}
            <div class="dock-more">
                {early && contact.phone !== null ? <CallButton prompt={prompt} variant="plain" label={t("call_anyway")} /> : <SnoozeButton prompt={prompt} wide />}
                <button type="button" class="quiet" onClick={() => skip(prompt)}>
                    <span>{t("skip")}</span>
                    <Icon name="forward" />
                </button>
            </div>
        </>
    );
}
