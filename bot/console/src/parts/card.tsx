// A person on the list: a full card for somebody who just wrote, a row for everybody else.
import { answer, ring, snooze } from "../actions";
import { askHowItWent, sheet, startCall } from "../calls";
import { isolate, t } from "../i18n";
import { href } from "../router";
import { clock, when } from "../time";
import { calledByOther, heldByOther, today, waitsUntil } from "../today";
import type { Later, Prompt } from "../types";
import { Icon } from "./icons";
import { Avatar, Name, Quote, spoken, telephone } from "./person";
import { called, long, question, short, there } from "./reason";

export function CallButton({ prompt, variant, label }: { prompt: Prompt; variant: "main" | "round" | "plain"; label?: string }) {
    const { phone, name } = prompt.contact;
    if (phone === null) return null;
    const words = label ?? t("call");
    if (today.get().data?.bridge === true && prompt.section !== "unlogged") {
        return (
            <button type="button" class={`call call-${variant}`} onClick={() => void ring(prompt)} aria-label={variant === "round" ? t("call_name", { name }) : undefined}>
                <Icon name="phone" />
                {variant !== "round" && <span>{words}</span>}
            </button>
        );
    }
    return (
        <a class={`call call-${variant}`} href={telephone(phone)} onClick={() => startCall(prompt)} aria-label={variant === "round" ? t("call_name", { name }) : undefined}>
            <Icon name="phone" />
            {variant !== "round" && <span>{words}</span>}
            {variant === "main" && !label && <bdi class="call-number" dir="ltr">{spoken(phone)}</bdi>}
        </a>
    );
}

export function SnoozeButton({ prompt, wide }: { prompt: Prompt; wide?: boolean }) {
    const label = t("snooze_name", { name: prompt.contact.name });
    return (
        <button type="button" class={wide ? "quiet" : "round"} aria-label={wide ? undefined : label} onClick={() => sheet.set({ kind: "snooze", prompt })}>
            <Icon name="clock" />
            {wide && <span>{t("snooze")}</span>}
        </button>
    );
}

export function Claimed({ prompt, me }: { prompt: Prompt; me: string }) {
    if (!heldByOther(prompt, me)) return null;
    return <p class="claimed">{t("claimed", { name: capital(prompt.claimed_by ?? "") })}</p>;
}

// A stand-in sees for whom they call.
const theirs = (prompt: Prompt, me: string): string => (prompt.owner === me || !prompt.owner_name ? "" : `${t("for_rep", { name: prompt.owner_name })} · `);

const capital = (name: string) => name.slice(0, 1).toUpperCase() + name.slice(1);

export function Card({ prompt, me }: { prompt: Prompt; me: string }) {
    const { contact } = prompt;
    const held = heldByOther(prompt, me);
    return (
        <article class={held ? "card held" : "card"}>
            <a class="person" href={href({ screen: "focus", id: prompt.id })}>
                <Avatar of={contact} />
                <span class="who">
                    <Name of={contact} />
                    <span class="meta">
                        <span class="tag">{`${theirs(prompt, me)}${short(prompt)}`}</span> <span class="nowrap">{there(prompt)}</span>
                    </span>
                </span>
                <Icon name="forward" class="icon chevron" />
            </a>
            {prompt.words !== "" && <Quote words={prompt.words} language={contact.language} />}
            {contact.topic && (
                <p class="topic">
                    <span>{t("topic_last_time")}</span> <bdi>{contact.topic}</bdi>
                </p>
            )}
            <Claimed prompt={prompt} me={me} />
            {!held && (
                <div class="actions">
                    <CallButton prompt={prompt} variant="main" />
                    <a class="round" href={href({ screen: "contact", id: contact.id, part: "chat" })} aria-label={t("message_name", { name: contact.name })}>
                        <Icon name="chat" />
                    </a>
                    <SnoozeButton prompt={prompt} />
                </div>
            )}
        </article>
    );
}

export function Row({ prompt, me }: { prompt: Prompt; me: string }) {
    const held = heldByOther(prompt, me);
    const early = prompt.good_from !== null && Date.parse(prompt.good_from) > Date.now() ? prompt.good_from : null;
    const waits = early === null ? waitsUntil(prompt) : null;
    const why = waits === null ? short(prompt) : `${short(prompt)} · ${t("waits_until", { time: when(waits) })}`;
    return (
        <article class={held ? "row held" : "row"}>
            <a class="person" href={href({ screen: "focus", id: prompt.id })}>
                <Avatar of={prompt.contact} />
                <span class="who">
                    <Name of={prompt.contact} />
                    <span class="meta">
                        {held ? t("claimed", { name: capital(prompt.claimed_by ?? "") }) : `${theirs(prompt, me)}${why} · ${there(prompt)}`}
                    </span>
                    {prompt.words !== "" && prompt.section !== "silent" && (
                        <span class="words">
                            <bdi lang={prompt.contact.language || undefined}>{prompt.words}</bdi>
                        </span>
                    )}
                </span>
            </a>
            {!held && (early ? <SetFor prompt={prompt} at={early} /> : <CallButton prompt={prompt} variant="round" />)}
        </article>
    );
}

function SetFor({ prompt, at }: { prompt: Prompt; at: string }) {
    return (
        <button type="button" class="setfor" aria-label={`${isolate(prompt.contact.name)}: ${t("set_for", { time: when(at) })}`} onClick={() => snooze(prompt, at)}>
            <Icon name="clock" />
            <span>{clock(at)}</span>
        </button>
    );
}

export function Unlogged({ prompt, me }: { prompt: Prompt; me: string }) {
    return (
        <article class="row">
            <a class="person" href={href({ screen: "focus", id: prompt.id })}>
                <Avatar of={prompt.contact} />
                <span class="who">
                    <Name of={prompt.contact} />
                    <span class="meta">{called(prompt, me)}</span>
                </span>
            </a>
            {!calledByOther(prompt, me) && (
                <button type="button" class="chipbutton" onClick={() => askHowItWent(prompt)}>
                    {t("log_it")} <span class="hidden">{isolate(prompt.contact.name)}</span>
                </button>
            )}
        </article>
    );
}

export function Question({ prompt, me }: { prompt: Prompt; me: string }) {
    return (
        <article class="card asks">
            <div class="person">
                <Avatar of={prompt.contact} />
                <span class="who">
                    <Name of={prompt.contact} />
                    <span class="meta">{`${theirs(prompt, me)}${short(prompt)}`}</span>
                </span>
            </div>
            {prompt.words !== "" && <Quote words={prompt.words} language={prompt.contact.language} />}
            <p>{long(prompt, me)}</p>
            <Answers prompt={prompt} />
        </article>
    );
}

export function Answers({ prompt }: { prompt: Prompt }) {
    const name = prompt.contact.first_name || prompt.contact.name;
    const stop = question(prompt) === "stop";
    return (
        <div class="answers">
            <p class="ask">{t(stop ? "stop_question" : "send_question", { name })}</p>
            <div class="actions even">
                <button type="button" class="quiet" onClick={() => answer(prompt, stop ? { stop: false } : { send_again: false })}>
                    {t(stop ? "stop_no" : "send_no")}
                </button>
                <button type="button" class="quiet strong" onClick={() => answer(prompt, stop ? { stop: true } : { send_again: true })}>
                    {t(stop ? "stop_yes" : "send_yes")}
                </button>
            </div>
        </div>
    );
}

export function LaterRow({ item }: { item: Later }) {
    return (
        <div class="row slim">
            <span class="at">{when(item.due_at)}</span>
            <span class="who">
                <a class="plain" href={href({ screen: "contact", id: item.contact.id })}>
                    <Name of={item.contact} />
                </a>
                <span class="meta">
                    <bdi>{item.kind ? t(`na_${item.kind}`) : item.sentence}</bdi>
                </span>
            </span>
        </div>
    );
}
