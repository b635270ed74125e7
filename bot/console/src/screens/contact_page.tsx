// One person: what is next, what was said, how they want to be reached, and everything that happened.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { request } from "../api";
import { call as running } from "../calls";
import { type Key, t } from "../i18n";
import { useLoaded } from "../load";
import { outbox } from "../outbox";
import { Answers, CallButton } from "../parts/card";
import { CloseSheet, EraseSheet, HandSheet, MergeSheet, PauseSheet, StopSheet } from "../parts/contact_sheets";
import { Head } from "../parts/head";
import { Icon } from "../parts/icons";
import { Avatar, Name, Quote, spoken, telephone } from "../parts/person";
import { long } from "../parts/reason";
import { Empty, Skeleton } from "../parts/states";
import { whyNot } from "../refusal";
import { wayName } from "../ways";
import { href } from "../router";
import { useStore } from "../store";
import { ago, clock, dayItself, when } from "../time";
import { heldByOther, isDone, refreshSoon } from "../today";
import { say } from "../toasts";
import type { Contact, Me, TimelineRow } from "../types";
import { languageName } from "../tongues";
import { cardFile } from "../vcard";
import { standing } from "./contact_list";
import { cameOf } from "./today";

export type Act = (path: string, body: unknown, done: string, method?: string) => Promise<boolean>;

export function ContactPage({ id, me, wide }: { id: number; me: string; wide: boolean }) {
    const path = `/api/v1/contacts/${id}`;
    const { status, data: contact, again } = useLoaded<Contact>(path);
    const [open, setOpen] = useState<"pause" | "close" | "stop" | "merge" | "erase" | null>(null);

    // Everything on this page takes effect at once: the answer is awaited, not queued.
    const act: Act = async (where, body, done, method = "POST") => {
        const answer = await request(method, where, { body });
        if (!answer.ok) {
            say(whyNot(answer), { kind: "warn" });
            return false;
        }
        say(done);
        setOpen(null);
        again();
        refreshSoon();
        return true;
    };
    if (contact === null) return <Missing status={status} again={again} wide={wide} />;
    const close = () => setOpen(null);
    return (
        <div class="focus contact">
            <Head back={{ screen: "contacts" }} label={t("back_to_contacts")} wide={wide}>
                <a class="button" href={href({ screen: "contact", id, part: "edit" })}>
                    <Icon name="pen" />
                    <span>{t("edit")}</span>
                </a>
            </Head>
            <div class="identity">
                <Avatar of={contact} />
                <div>
                    <h1 class="bigname" tabIndex={-1}>
                        <Name of={contact} />
                    </h1>
                    <p class="meta">
                        {contact.phone && <bdi dir="ltr" class="nowrap">{spoken(contact.phone)}</bdi>}
                        {contact.phone && contact.time_zone && " · "}
                        {contact.time_zone && <span class="nowrap">{t("time_there", { time: clock(Date.now(), contact.time_zone) })}</span>}
                    </p>
                </div>
            </div>
            {status === "offline" && <p class="notice">{t("contacts_offline_text")}</p>}
            <Reach contact={contact} me={me} />
            <Next contact={contact} act={act} open={setOpen} />
            {contact.last_reply && contact.last_reply.words !== "" && (
                <section class="block" aria-labelledby="they-wrote">
                    <h2 id="they-wrote">
                        {t("they_wrote")} <span class="meta">{ago(contact.last_reply.at)}</span>
                    </h2>
                    <Quote words={contact.last_reply.words} language={contact.language} />
                </section>
            )}
            <Facts contact={contact} />
            <Timeline rows={contact.timeline ?? []} />
            <details class="done moreways">
                <summary>{t("more_ways")}</summary>
                <div class="stack">
                    {contact.phone && (
                        <a class="wide" href={cardFile(contact)} download={`${contact.first_name || "contact"}.vcf`}>
                            <span>{t("save_to_phone")}</span>
                            <small>{t("save_to_phone_hint")}</small>
                        </a>
                    )}
                    {contact.phone && (
                        <a class="wide" href={`https://wa.me/${contact.phone.replace(/\D/g, "")}`} rel="noopener noreferrer" target="_blank">
                            <span>{t("own_whatsapp")}</span>
                            <small>{t("own_whatsapp_hint")}</small>
                        </a>
                    )}
                    <button type="button" class="wide" onClick={() => setOpen("merge")}>
                        <span>{t("merge")}</span>
                        <small>{t("merge_hint")}</small>
                    </button>
                    {!contact.opted_out && (
                        <button type="button" class="wide" onClick={() => setOpen("stop")}>
                            <span>{t("o_stop")}</span>
                            <small>{t("stop_hint")}</small>
                        </button>
                    )}
                    <button type="button" class="wide" onClick={() => setOpen("erase")}>
                        <span>{t("erase")}</span>
                        <small>{t("erase_hint")}</small>
                    </button>
                </div>
            </details>
            {open === "pause" && contact.outreach && <PauseSheet contact={contact} outreach={contact.outreach} act={act} close={close} />}
            {open === "close" && contact.outreach && <CloseSheet contact={contact} outreach={contact.outreach} act={act} close={close} />}
            {open === "stop" && <StopSheet contact={contact} act={act} close={close} />}
            {open === "erase" && <EraseSheet contact={contact} close={close} />}
            {open === "merge" && <MergeSheet contact={contact} close={close} />}
        </div>
    );
}

export function Missing({ status, again, wide }: { status: string; again: () => void; wide: boolean }) {
    if (status === "loading") return <Skeleton />;
    if (status === "missing") {
        return (
            <>
                <Head back={{ screen: "contacts" }} label={t("back_to_contacts")} wide={wide} />
                <Empty top icon="people" title={t("no_contact_title")} text={t("no_contact_text")} />
            </>
        );
    }
    return (
        <>
            <Head back={{ screen: "contacts" }} label={t("back_to_contacts")} wide={wide} />
            <Empty top icon="cloud" title={t("screen_failed_title")} text={t(status === "offline" ? "contacts_offline_text" : "server_trouble")}>
                <button type="button" class="button" onClick={again}>
                    {t("try_again")}
                </button>
            </Empty>
        </>
    );
}

function Reach({ contact, me }: { contact: Contact; me: string }) {
    const { phone } = contact;
    const ops = useStore(outbox);
    useStore(running);
    const prompt = contact.prompt !== null && isDone(contact.prompt, ops) ? null : contact.prompt;
    const held = prompt !== null && heldByOther(prompt, me);
    // nobody rings somebody who perhaps asked to be left alone: the rep says first what it was
    const asked = prompt !== null && prompt.section === "question";
    const settled = contact.prompt !== null && prompt === null;
    return (
        <>
            {prompt !== null && (
                <p class="why">
                    {long(prompt, me)}{" "}
                    <a class="inline" href={href({ screen: "focus", id: prompt.id })}>
                        {t("open_card")}
                    </a>
                </p>
            )}
            {asked && !held && (
                <div class="panel">
                    <Answers prompt={prompt} />
                </div>
            )}
            <div class="actions reach">
                {prompt !== null && !held && !asked && <CallButton prompt={prompt} variant="main" label={t("call")} />}
                {phone !== null && contact.prompt === null && (
                    <a class="quiet call" href={telephone(phone)}>
                        <Icon name="phone" />
                        <span>{t("call")}</span>
                    </a>
                )}
                <a class="quiet" href={href({ screen: "contact", id: contact.id, part: "chat" })}>
                    <Icon name="chat" />
                    <span>{t("messages")}</span>
                </a>
            </div>
            {phone !== null && prompt === null && !settled && <p class="hint">{t("call_off_plan")}</p>}
            {phone === null && (
                <p class="hint">
                    {t("no_phone_edit")}{" "}
                    <a class="inline" href={href({ screen: "contact", id: contact.id, part: "edit" })}>
                        {t("add_phone")}
                    </a>
                </p>
            )}
        </>
    );
}

function Next({ contact, act, open }: { contact: Contact; act: Act; open: (which: "pause" | "close") => void }) {
    const { outreach, next_action: next } = contact;
    const live = outreach !== null && outreach.phase !== "closed";
    return (
        <section class="panel" aria-labelledby="next">
            <h2 id="next">{t("next_action")}</h2>
            <p class="nextline">{standing(contact)}</p>
            {outreach?.promise && (
                <p class="hint">
                    {t("promised_for", { time: when(outreach.promise.at) })}
                    {outreach.promise.topic && (
                        <>
                            {" · "}
                            <bdi>{outreach.promise.topic}</bdi>
                        </>
                    )}
                </p>
            )}
            {live && outreach ? (
                <div class="actions wrap">
                    {next?.kind === "resume" ? (
                        <button type="button" class="button" onClick={() => void act(`/api/v1/outreaches/${outreach.id}/resume`, {}, t("resumed_toast", { name: contact.first_name }))}>
                            {t("resume")}
                        </button>
                    ) : (
                        <button type="button" class="button" onClick={() => open("pause")}>
                            {t("pause")}
                        </button>
                    )}
                    <button type="button" class="button" onClick={() => open("close")}>
                        {t("end_it")}
                    </button>
                </div>
            ) : (
                !contact.opted_out && <Start contact={contact} act={act} />
            )}
            {live && outreach && <Hand contact={contact} outreach={outreach.id} act={act} />}
        </section>
    );
}

function Start({ contact, act }: { contact: Contact; act: Act }) {
    const { data: me } = useLoaded<Me>("/api/v1/me");
    const [chosen, choose] = useState("");
    const cadences = me?.cadences ?? [];
    const cadence = chosen || (cadences[0]?.name ?? "");
    if (me !== null && cadences.length === 0) return <p class="hint">{t("no_cadence")}</p>;
    return (
        <form
            class="inlineform"
            onSubmit={(event) => {
                event.preventDefault();
                void act("/api/v1/outreaches", { contact_id: contact.id, cadence }, t("started_toast", { name: contact.first_name }));
            }}
        >
            {cadences.length > 1 && (
                <label class="field">
                    <span>{t("cadence")}</span>
                    <select value={cadence} onChange={(e) => choose(e.currentTarget.value)}>
                        {cadences.map((each) => (
                            <option value={each.name} key={each.name}>
                                {each.title || each.name}
                            </option>
                        ))}
                    </select>
                </label>
            )}
            <button type="submit" class="button strong" disabled={me === null}>
                {t("start_contact")}
            </button>
            {contact.consent === null && <p class="hint">{t("start_needs_consent")}</p>}
        </form>
    );
}

function Hand({ contact, outreach, act }: { contact: Contact; outreach: number; act: Act }) {
    const { data: me } = useLoaded<Me>("/api/v1/me");
    const [chosen, choose] = useState<{ id: string; name: string } | null>(null);
    const others = (me?.reps ?? []).filter((rep) => rep.id !== contact.rep);
    if (others.length === 0) return null;
    return (
        <>
            <details>
                <summary>{t("hand_over")}</summary>
                <div class="stack">
                    {others.map((rep) => (
                        <button type="button" class="wide" key={rep.id} onClick={() => choose(rep)}>
                            <bdi>{rep.name}</bdi>
                        </button>
                    ))}
                </div>
            </details>
            {chosen !== null && <HandSheet contact={contact} outreach={outreach} rep={chosen} act={act} close={() => choose(null)} />}
        </>
    );
}

function Facts({ contact }: { contact: Contact }) {
    const { preferences: p } = contact;
    const hours = [p.from && t("reach_from", { time: p.from }), p.to && t("reach_to", { time: p.to })].filter(Boolean).join(" ");
    const prefers = [p.reach, hours].filter(Boolean).join(" · ");
    return (
        <dl class="facts">
            <Fact label={t("topic_last_time")}>{contact.topic ? <bdi>{contact.topic}</bdi> : <span class="meta">{t("no_topic")}</span>}</Fact>
            {prefers && (
                <Fact label={t("prefers")}>
                    <bdi>{prefers}</bdi>
                </Fact>
            )}
            {p.if_lost && (
                <Fact label={t("if_lost")}>
                    <bdi>{p.if_lost}</bdi>
                </Fact>
            )}
            <Fact label={t("f_language")}>{languageName(contact.language)}</Fact>
            <Fact label={t("f_time_zone")}>{contact.time_zone ? <bdi dir="ltr">{contact.time_zone.replace(/_/g, " ")}</bdi> : <span class="meta">{t("zone_unknown_hint")}</span>}</Fact>
            <Fact label={t("delivery")}>{t(`delivery_${contact.reply_status}` as Key)}</Fact>
            <Fact label={t("consent")}>
                {contact.consent ? (
                    <>
                        <bdi>{contact.consent.source}</bdi> · {dayItself(contact.consent.at)}
                        {contact.consent.text && (
                            <>
                                <br />
                                <bdi class="meta">“{contact.consent.text}”</bdi>
                            </>
                        )}
                        {contact.consent.covers.length > 0 && (
                            <>
                                <br />
                                {t("consent_only", { ways: contact.consent.covers.map(wayName).join(" · ") })}
                            </>
                        )}
                    </>
                ) : (
                    <span class="meta">{t("no_consent_hint")}</span>
                )}
            </Fact>
        </dl>
    );
}

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
    return (
        <div>
            <dt>{label}</dt>
            <dd>{children}</dd>
        </div>
    );
}

// ---- what happened

// The service writes single words; a rep reads sentences. A word this build does not know is shown as it is.
function happened({ what, text }: TimelineRow): string {
    const last = text.slice(text.lastIndexOf(" ") + 1);
    if (what === "talked" || what === "attempt") return cameOf({ outcome: last, text: last.replace(/_/g, " ") });
    if (what === "delivery") return t(`tl_message_${last}` as Key) || t("delivery");
    if (what === "closed") return t(`closed_${last}` as Key) || t("tl_closed");
    return t(`tl_${what}` as Key) || what.replace(/_/g, " ");
}

const marks: Record<string, "phone" | "chat" | "check" | "clock" | "heart"> = {
    talked: "phone", attempt: "phone", dialled: "phone", line_told: "phone", they_called: "phone", replied: "heart", delivery: "check", wrote: "chat", wellbeing_queued: "chat", call_me_back_queued: "chat",
};
const few = 8;
// Of no use to a rep: the call right after it says the same.
const silent = new Set(["promised_due", "call_me_back_queued", "cancelled"]);

function Timeline({ rows }: { rows: TimelineRow[] }) {
    const [all, setAll] = useState(false);
    const told = rows.filter((row) => !silent.has(row.what));
    const shown = all ? told : told.slice(0, few);
    if (told.length === 0) return null;
    return (
        <section class="block" aria-labelledby="timeline">
            <h2 id="timeline">{t("timeline")}</h2>
            <ol class="timeline">
                {shown.map((row) => (
                    <li key={row.id}>
                        <Icon name={marks[row.what] ?? "clock"} width="18" height="18" />
                        <span>{happened(row)}</span>
                        <time datetime={row.at}>{when(row.at)}</time>
                    </li>
                ))}
            </ol>
            {told.length > shown.length && (
                <button type="button" class="button" onClick={() => setAll(true)}>
                    {t("show_all", { count: told.length })}
                </button>
            )}
        </section>
    );
}
