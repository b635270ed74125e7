// What was written to and fro, and a line of one's own where the gate lets it through; where not, why not.
import { useEffect, useRef, useState } from "preact/hooks";
import { newKey, request } from "../api";
import { recall, remember } from "../choices";
import { type Key, t } from "../i18n";
import { useLoaded } from "../load";
import { Head } from "../parts/head";
import { Icon } from "../parts/icons";
import { Avatar, Name } from "../parts/person";
import { Empty, Skeleton } from "../parts/states";
import { whyNot } from "../refusal";
import { href } from "../router";
import { clock, day, until, when } from "../time";
import type { Contact, Conversation, Said } from "../types";
import { keepLeaving, type Leaving, leavingTo, newestLike, pendingOf } from "../unsent";
import { Missing } from "./contact_page";

const text_max = 4096;

export function Chat({ id, wide }: { id: number; wide: boolean }) {
    const person = useLoaded<Contact>(`/api/v1/contacts/${id}`);
    const talk = useLoaded<Conversation>(`/api/v1/contacts/${id}/conversation?limit=200`);
    // those of another visit did not get an answer: nobody knows, and the same key makes a second try harmless
    const [leaving, setLeaving] = useState<Leaving[]>(() => {
        const all = leavingTo(id).map((one) => ({ ...one, problem: one.problem || t("text_unsure") }));
        keepLeaving(id, all);
        return all;
    });
    // once it is taken it stays on the screen until the conversation shows it as it went out
    const [taken, setTaken] = useState<Leaving[]>([]);
    const contact = person.data;
    // What is kept is the truth: an answer may come after the page was left and opened again.
    const change = (how: (all: Leaving[]) => Leaving[]) => {
        const next = how(leavingTo(id));
        keepLeaving(id, next);
        setLeaving(next);
    };
    const without = (key: string) => (all: Leaving[]) => all.filter((each) => each.key !== key);
    const items = talk.data?.items ?? [];
    const pending = pendingOf([...taken, ...leaving], items);
    useEffect(() => {
        if (pending.length === taken.length + leaving.length) return;
        const left = new Map(pending.map((one) => [one.key, one]));
        const still = (all: Leaving[]) => all.flatMap((one) => left.get(one.key) ?? []);
        setTaken(still);
        change(still);
    }, [pending.length, taken.length, leaving.length]);
    if (contact === null) return <Missing status={person.status} again={person.again} wide={wide} />;

    async function send(one: Leaving) {
        change((all) => [...without(one.key)(all), { ...one, problem: "" }]);
        const answer = await request("POST", `/api/v1/contacts/${id}/messages`, { body: { text: one.text }, key: one.key });
        if (answer.ok) {
            setTaken((all) => [...all, one]);
            change(without(one.key));
            setTimeout(() => setTaken(without(one.key)), 15_000);
        } else change((all) => all.map((each) => (each.key === one.key ? { ...each, problem: whyNot(answer) } : each)));
        talk.again();
    }
    return (
        <div class="focus chat">
            <Head back={{ screen: "contact", id }} label={t("back")} wide={wide} always>
                <a class="person" href={href({ screen: "contact", id })}>
                    <Avatar of={contact} />
                    <span class="who">
                        <h1 class="subtitle" tabIndex={-1}>
                            <Name of={contact} />
                        </h1>
                        {contact.time_zone && <span class="meta">{t("time_there", { time: clock(Date.now(), contact.time_zone) })}</span>}
                    </span>
                </a>
            </Head>
            {talk.data === null && talk.status === "loading" && <Skeleton />}
            {talk.status === "offline" && <p class="notice">{t("needs_signal")}</p>}
            {talk.data !== null && items.length === 0 && pending.length === 0 && <Empty icon="chat" title={t("no_words_title")} text={t("no_words_text", { name: contact.first_name })} />}
            <Words items={items} pending={pending} again={(one) => void send(one)} drop={(one) => change(without(one.key))} />
            {talk.data !== null && <Composer id={id} contact={contact} talk={talk.data} send={(text) => void send({ key: newKey(), text, after: newestLike(items, text), problem: "" })} />}
        </div>
    );
}

function Words({ items, pending, again, drop }: { items: Said[]; pending: Leaving[]; again: (one: Leaving) => void; drop: (one: Leaving) => void }) {
    const end = useRef<HTMLLIElement>(null);
    const count = items.length + pending.length;
    const refused = pending.filter((one) => one.problem !== "").length;
    useEffect(() => end.current?.scrollIntoView({ block: "end" }), [count, refused]);
    if (count === 0) return null;
    const oldestFirst = [...items].reverse();
    return (
        <ol class="words-list">
            {oldestFirst.map((said, n) => (
                <li key={`${said.at} ${n}`}>
                    {day(said.at) !== (n > 0 ? day(oldestFirst[n - 1]?.at ?? said.at) : "") && <p class="dayline">{day(said.at)}</p>}
                    <Bubble said={said} />
                </li>
            ))}
            {pending.map((one) => (
                <li key={one.key}>
                    <div class={one.problem ? "bubble ours failed" : "bubble ours"}>
                        <p dir="auto">{one.text}</p>
                        {one.problem ? (
                            <div class="unsent" role="alert">
                                <p>
                                    <bdi>{one.problem}</bdi>
                                </p>
                                <div class="actions">
                                    <button type="button" class="button" onClick={() => again(one)}>
                                        {t("try_again")}
                                    </button>
                                    <button type="button" class="button" onClick={() => drop(one)}>
                                        {t("discard")}
                                    </button>
                                </div>
                            </div>
                        ) : (
                            <small>{t("delivery_queued")}</small>
                        )}
                    </div>
                </li>
            ))}
            <li ref={end} aria-hidden="true" class="end" />
        </ol>
    );
}

function Bubble({ said }: { said: Said }) {
    const kind = said.from_contact ? (said.kind === "text" || said.kind === "button" ? "" : t(`kind_${said.kind}` as Key)) : t(`our_${said.kind}` as Key);
    return (
        <div class={said.from_contact ? "bubble theirs" : "bubble ours"}>
            <span class="hidden">{t(said.from_contact ? "they_said" : "we_said")}</span>
            {kind && <small class="kind">{kind}</small>}
            {said.text.split("\n").map((line, n) => (
                <p dir="auto" key={n}>
                    {line}
                </p>
            ))}
            <small>
                <time datetime={said.at}>{clock(said.at)}</time>
                {said.status !== null && ` · ${t(`delivery_${said.status}` as Key)}`}
            </small>
        </div>
    );
}

function Composer({ id, contact, talk, send }: { id: number; contact: Contact; talk: Conversation; send: (text: string) => void }) {
    // Half a sentence survives the phone ringing; it is taken off with everything else at sign-out.
    const place = `draft.${id}`;
    const [text, setText] = useState(recall(place) ?? "");
    const write = (next: string) => {
        setText(next);
        remember(place, next === "" ? null : next);
    };
    if (!talk.may_write) return <WhyNot contact={contact} talk={talk} />;
    const ready = text.trim() !== "" && new TextEncoder().encode(text).length <= text_max;
    return (
        <form
            class="composer"
            onSubmit={(event) => {
                event.preventDefault();
                if (!ready) return;
                send(text.trim());
                write("");
            }}
        >
            {talk.window_open_until && <p class="hint">{t("window_open", { name: contact.first_name, time: when(talk.window_open_until), left: until(talk.window_open_until) })}</p>}
            <div class="composerline">
                <label class="field">
                    <span class="hidden">{t("write_to", { name: contact.name })}</span>
                    <textarea rows={Math.min(5, Math.max(1, text.split("\n").length))} dir="auto" maxLength={text_max} value={text} placeholder={t("write_to", { name: contact.first_name })} onInput={(e) => write(e.currentTarget.value)} />
                </label>
                <button type="submit" class="sendbutton" disabled={!ready} aria-label={t("send")}>
                    <Icon name="send" />
                </button>
            </div>
        </form>
    );
}

function WhyNot({ contact, talk }: { contact: Contact; talk: Conversation }) {
    const known = talk.why_not_code === null ? "" : t(`why_${talk.why_not_code}` as Key, { name: contact.first_name });
    return (
        <section class="note whynot" aria-labelledby="why-not">
            <h2 id="why-not">{t("cannot_write")}</h2>
            <p>
                <bdi>{known || talk.why_not}</bdi>
            </p>
            <p>{t("but_you_can_call", { name: contact.first_name })}</p>
        </section>
    );
}
