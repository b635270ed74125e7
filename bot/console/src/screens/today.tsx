import type { ComponentChildren } from "preact";
import { useEffect, useReducer } from "preact/hooks";
import { correct, throwAway } from "../actions";
import { Card, LaterRow, Question, Row, Unlogged } from "../parts/card";
import { Icon } from "../parts/icons";
import { Avatar, Name } from "../parts/person";
import { Empty, Skeleton } from "../parts/states";
import { isolate, type Key, moreWords, region, t } from "../i18n";
import { line } from "../live";
import { outbox, type Refusal, unsaved } from "../outbox";
import { outcomeOf } from "../outcomes";
import { inWords } from "../refusal";
import { href, route } from "../router";
import { useStore } from "../store";
import { clock, longDate, when } from "../time";
import { groups, refresh, type State } from "../today";
import type { Disposition, Prompt, Rep, Section, Today } from "../types";

export function TodayScreen({ state }: { state: State }) {
    const ops = useStore(outbox);
    const here = useStore(route);
    const { data, status } = state;
    if (status === "signed_out") return <SignedOut />;
    if (data === null) {
        if (status === "loading") return <Shell pill>{<Skeleton />}</Shell>;
        return (
            <Shell pill>
                <Empty icon="cloud" title={t("error_title")} text={t(state.online ? "error_text" : "offline_explained")}>
                    <button type="button" class="button" onClick={() => void refresh()}>
                        {t("try_again")}
                    </button>
                </Empty>
            </Shell>
        );
    }
    const found = groups(data, ops);
    const nobody = data.total === 0 && found.length === 0 && data.later.length === 0 && data.done.length === 0;
    return (
        <Shell rep={data.rep} pill>
            {data.total > 0 && <Progress data={data} />}
            <Notices state={state} data={data} />
            <Unsaved />
            {nobody && (
                <Empty icon="people" title={t("first_run_title")} text={t("first_run_text")}>
                    <a class="main" href={href({ screen: "import" })}>
                        {t("first_run_import")}
                    </a>
                    <a class="button" href={href({ screen: "contact", part: "new" })}>
                        {t("add_contact")}
                    </a>
                    <p class="hint">{t("first_run_sandbox")}</p>
                    <code class="command" dir="ltr">./scripts/run</code>
                </Empty>
            )}
            {!nobody && found.length === 0 && <Finished data={data} />}
            {found.map(({ section, prompts }) => (
                <List key={section} section={section} count={prompts.length}>
                    {prompts.map((prompt, n) => (
                        <li key={prompt.id} class={here.id === prompt.id ? "current" : undefined}>{item(prompt, section, n, data.rep.id)}</li>
                    ))}
                </List>
            ))}
            {data.later.length > 0 && (
                <List section="later" count={data.later.length}>
                    {data.later.map((item) => (
                        <li key={item.contact.id}>
                            <LaterRow item={item} />
                        </li>
                    ))}
                </List>
            )}
            {data.done.length > 0 && (
                <details class="done">
                    <summary>
                        {t("section_done")} <span class="count">{data.done.length.toLocaleString(region())}</span>
                    </summary>
                    <ul>
                        {data.done.map((d) => (
                            <li class="row slim" key={`${d.contact.id} ${d.at}`}>
                                <span class="at">{clock(d.at)}</span>
                                <span class="who">
                                    <a class="plain" href={href({ screen: "contact", id: d.contact.id })}>
                                        <Name of={d.contact} />
                                    </a>
                                    <span class="meta">
                                        <bdi>{cameOf(d)}</bdi>
                                    </span>
                                </span>
                            </li>
                        ))}
                    </ul>
                </details>
            )}
        </Shell>
    );
}

export function SignedOut() {
    return (
        <Empty top icon="key" title={t("signed_out_title")} text={t("signed_out_text")}>
            <a class="button" href="/login">
                {t("sign_in")}
            </a>
        </Empty>
    );
}

// Two full cards fit above the fold; a third would hide who comes after.
const cards_max = 2;

function item(prompt: Prompt, section: Section, n: number, me: string) {
    if (section === "question") return <Question prompt={prompt} me={me} />;
    if (section === "unlogged") return <Unlogged prompt={prompt} me={me} />;
    return section === "replied" && n < cards_max ? <Card prompt={prompt} me={me} /> : <Row prompt={prompt} me={me} />;
}

function Shell({ rep, children, pill }: { rep?: Rep; children: ComponentChildren; pill?: boolean }) {
    const hour = new Date().getHours();
    const greeting: Key = hour < 12 ? "good_morning" : hour < 18 ? "good_afternoon" : "good_evening";
    return (
        <>
            <header class="top">
                <div>
                    <p class="date">{longDate(Date.now())}</p>
                    <h1 tabIndex={-1}>{rep ? t(greeting, { name: rep.name.split(" ")[0] ?? rep.name }) : t("today")}</h1>
                </div>
                {pill && <Pill />}
            </header>
            {children}
        </>
    );
}

export function Pill() {
    const state = useStore(line);
    const ops = useStore(outbox);
    const waiting = ops.filter((op) => op.not_before <= Date.now()).length;
    const offline = !navigator.onLine;
    const word = offline ? t("offline") : state === "live" ? t("live") : state === "lost" ? t("live_lost") : t("connecting");
    return (
        <p class={`pill ${offline ? "off" : state}`} role="status">
            <span class="dot" aria-hidden="true" />
            {word}
            {waiting > 0 && (offline || state !== "live") && ` · ${t("to_send", { count: waiting })}`}
        </p>
    );
}

const beads_max = 24;

function Progress({ data }: { data: Today }) {
    const { called, total, reached } = data;
    const beads = total <= beads_max;
    return (
        <div class="progress">
            <p>
                <strong>{t("progress", { done: called, count: total })}</strong>
                {reached > 0 && <span> · {t("reached", { count: reached })}</span>}
            </p>
            {beads ? (
                <span class="beads" aria-hidden="true">
                    {Array.from({ length: total }, (_, n) => (
                        <i key={n} class={n < reached ? "full" : n < called ? "half" : ""} />
                    ))}
                </span>
            ) : (
                <progress value={called} max={total} aria-label={t("progress", { done: called, count: total })} />
            )}
        </div>
    );
}

function Notices({ state, data }: { state: State; data: Today }) {
    return (
        <>
            {!state.online && <p class="notice">{t("offline_explained")}</p>}
            {!data.provider_ok && (
                <p class="notice warm">{data.messages_waiting > 0 ? t("messages_waiting", { count: data.messages_waiting }) : t("provider_down")}</p>
            )}
        </>
    );
}

// What the rep logged and the server would not take. It stays here until it is corrected, or thrown away on purpose.
function Unsaved() {
    const all = useStore(unsaved);
    const [, redraw] = useReducer((n: number) => n + 1, 0);
    useEffect(() => {
        if (all.length > 0) void moreWords().then(() => redraw(0), () => undefined);
    }, [all.length > 0]);
    if (all.length === 0) return null;
    return (
        <section class="list list-unsaved" aria-labelledby="section-unsaved">
            <h2 id="section-unsaved">
                {t("section_unsaved")} <span class="count">{all.length.toLocaleString(region())}</span>
            </h2>
            <ul>
                {all.map((refusal) => (
                    <li key={refusal.op.key}>
                        <article class="card asks">
                            <div class="who">
                                <Name of={refusal.op} />
                                <span class="meta">{whatWasSaid(refusal)}</span>
                            </div>
                            <p>
                                <bdi>{t("refused", { why: inWords(refusal.problem) })}</bdi>
                            </p>
                            <div class="actions even">
                                <button type="button" class="quiet" onClick={() => throwAway(refusal)}>
                                    {t("discard")} <span class="hidden">{isolate(refusal.op.name)}</span>
                                </button>
                                <button type="button" class="quiet strong" onClick={() => void correct(refusal)}>
                                    {t("correct")} <span class="hidden">{isolate(refusal.op.name)}</span>
                                </button>
                            </div>
                        </article>
                    </li>
                ))}
            </ul>
        </section>
    );
}

function whatWasSaid({ op }: Refusal): string {
    if (!op.path.endsWith("/disposition")) return when(op.made);
    const said = op.body as Disposition;
    const outcome = outcomeOf(said);
    return [outcome && t(outcome.label), said.topic && isolate(said.topic), when(op.made)].filter(Boolean).join(" · ");
}

function Finished({ data }: { data: Today }) {
    const next = data.later[0];
    const all = data.total > 0 && data.called >= data.total;
    const text = all ? `${t("all_done_text", { count: data.called })} ${t("all_done_reached", { count: data.reached })}` : t("nothing_now_text");
    return (
        <Empty icon={all ? "heart" : "cup"} title={t(all ? "all_done_title" : "nothing_now_title")} text={text}>
            {next && (
                <p class="nextup">
                    <Avatar of={next.contact} /> <span>{t("next_up", { name: next.contact.name, time: when(next.due_at) })}</span>
                </p>
            )}
        </Empty>
    );
}

const outcomes: Record<string, Key> = {
    talked: "o_talked", agreed_next: "o_talked", busy_now: "o_later", callback_asked: "o_later", not_interested: "o_not_interested", stop: "o_stop", wrong_person: "o_wrong_person",
    someone_else: "o_someone_else", machine: "o_machine", no_answer: "o_no_answer", busy: "o_busy", rejected: "o_busy", bad_number: "o_bad_number",
};

// What came of a logged call, in the rep's language.
export function cameOf({ outcome, text }: { outcome?: string; text: string }): string {
    const known = outcome === undefined ? undefined : outcomes[outcome];
    return known === undefined ? text : t(known);
}

function List({ section, count, children }: { section: Section; count: number; children: ComponentChildren }) {
    const id = `section-${section}`;
    return (
        <section class={`list list-${section}`} aria-labelledby={id}>
            <h2 id={id}>
                {t(`section_${section}` as Key)} <span class="count">{count.toLocaleString(region())}</span>
            </h2>
            <ul>{children}</ul>
        </section>
    );
}

export function StartDock({ first }: { first: Prompt }) {
    return (
        <section class="dock" aria-label={t("start_calling")}>
            <a class="main" href={`#/focus/${first.id}`}>
                <Icon name="phone" />
                <span>{t("start_calling")}</span>
                <span class="dock-name">{t("next_is", { name: first.contact.first_name || first.contact.name })}</span>
            </a>
        </section>
    );
}
