// Adding a contact, and changing one. Only the name and the number are asked for; the rest is there for whoever wants it.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { newKey, request } from "../api";
import { t } from "../i18n";
import { useLoaded } from "../load";
import { Head } from "../parts/head";
import { fieldErrors, whyNot } from "../refusal";
import { go, href } from "../router";
import { toLocalInput } from "../time";
import { wayName } from "../ways";
import { refreshSoon } from "../today";
import { say } from "../toasts";
import type { Contact, FieldError, Me } from "../types";
import { Missing } from "./contact_page";
import { languageChoices } from "../tongues";

type Draft = {
    name: string;
    phone: string;
    language: string;
    time_zone: string;
    topic: string;
    from: string;
    to: string;
    reach: string;
    if_lost: string;
    consent_source: string;
    consent_at: string;
    consent_text: string;
    consent_covers: string[];
    cadence: string;
};

const blank: Draft = { name: "", phone: "", language: "", time_zone: "", topic: "", from: "", to: "", reach: "", if_lost: "", consent_source: "", consent_at: "", consent_text: "", consent_covers: [], cadence: "" };

function draftOf(contact: Contact): Draft {
    const p = contact.preferences;
    return {
        ...blank,
        name: contact.name,
        phone: contact.phone ?? "",
        language: contact.language,
        time_zone: contact.time_zone ?? "",
        topic: contact.topic,
        from: p.from ?? "",
        to: p.to ?? "",
        reach: p.reach ?? "",
        if_lost: p.if_lost ?? "",
        consent_source: contact.consent?.source ?? "",
        consent_at: contact.consent?.at.slice(0, 10) ?? "",
        consent_text: contact.consent?.text ?? "",
        consent_covers: contact.consent?.covers ?? [],
    };
}

const consentOf = (d: Draft): string => JSON.stringify([d.consent_source.trim(), d.consent_at, d.consent_text.trim(), d.consent_covers]);

// The body of the request; what was left empty is not said, besides what a change empties on purpose.
function body(d: Draft, was: Contact | null): Record<string, unknown> {
    const editing = was !== null;
    const said: Record<string, unknown> = { name: d.name.trim(), preferences: { from: d.from || null, to: d.to || null, reach: d.reach.trim(), if_lost: d.if_lost.trim() } };
    if (d.phone.trim() !== (was?.phone ?? "")) said["phone"] = d.phone.trim();
    if (editing || d.topic.trim()) said["topic"] = d.topic.trim();
    if (d.language) said["language"] = d.language;
    if (d.time_zone.trim() && d.time_zone.trim() !== was?.time_zone) said["time_zone"] = d.time_zone.trim();
    if (d.consent_source.trim() && consentOf(d) !== consentOf(was ? draftOf(was) : blank)) said["consent"] = { source: d.consent_source.trim(), at: `${d.consent_at}T00:00:00Z`, text: d.consent_text.trim() || d.consent_source.trim(), covers: d.consent_covers };
    if (!editing && d.cadence) said["cadence"] = d.cadence;
    return said;
}

export function ContactForm({ id, wide }: { id: number | null; wide: boolean }) {
    const { status, data, again, put } = useLoaded<Contact>(id === null ? null : `/api/v1/contacts/${id}`);
    if (id !== null && data === null) return <Missing status={status} again={again} wide={wide} />;
    return <Form key={id ?? "new"} contact={data} wide={wide} saved={put} />;
}

function zones(): string[] {
    return (Intl as { supportedValuesOf?: (what: string) => string[] }).supportedValuesOf?.("timeZone") ?? [];
}

// What they agreed to: every way, or those that are ticked. A single channel by its name is the import's to say, and is kept.
function Ways({ covers, change }: { covers: string[]; change: (covers: string[]) => void }) {
    const all = [...new Set(["whatsapp", "sms", ...covers])];
    return (
        <div class="field" role="group" aria-labelledby="ways">
            <span id="ways">{t("f_consent_covers")}</span>
            <div class="choices">
                <label class="choice">
                    <input type="checkbox" checked={covers.length === 0} onChange={() => change([])} />
                    <span>{t("way_every")}</span>
                </label>
                {all.map((way) => (
                    <label class="choice" key={way}>
                        <input type="checkbox" checked={covers.includes(way)} onChange={(e) => change(e.currentTarget.checked ? [...covers, way] : covers.filter((each) => each !== way))} />
                        <span>{wayName(way)}</span>
                    </label>
                ))}
            </div>
        </div>
    );
}

function Form({ contact, wide, saved }: { contact: Contact | null; wide: boolean; saved: (next: Contact) => void }) {
    const [draft, setDraft] = useState<Draft>(contact ? draftOf(contact) : blank);
    const [errors, setErrors] = useState<FieldError[]>([]);
    const [problem, setProblem] = useState("");
    const [taken, setTaken] = useState<number | null>(null);
    const [busy, setBusy] = useState(false);
    const [key] = useState(newKey);
    const { data: me } = useLoaded<Me>("/api/v1/me");
    const editing = contact !== null;
    const set = (change: Partial<Draft>) => setDraft((was) => ({ ...was, ...change }));
    const wrong = (field: string) => errors.find((e) => e.field === field || e.field.startsWith(`${field}.`))?.detail;

    useEffect(() => {
        if (errors.length > 0) document.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
    }, [errors]);

    async function save(event: Event) {
        event.preventDefault();
        const missing: FieldError[] = [];
        if (!draft.name.trim()) missing.push({ field: "name", detail: t("name_missing") });
        if (!draft.phone.trim() && contact?.phone !== null) missing.push({ field: "phone", detail: t("phone_missing") });
        const agreed = draft.consent_source.trim() !== "" || draft.consent_at !== "" || draft.consent_text.trim() !== "" || draft.consent_covers.length > 0;
        if (agreed && !draft.consent_source.trim()) missing.push({ field: "consent.source", detail: t("wrong_consent_source_missing") });
        if (draft.consent_source.trim() && !draft.consent_at) missing.push({ field: "consent.at", detail: t("consent_when_missing") });
        setErrors(missing);
        setProblem("");
        setTaken(null);
        if (missing.length > 0) return;
        setBusy(true);
        const answer = editing
            ? await request<Contact>("PATCH", `/api/v1/contacts/${contact.id}`, { body: body(draft, contact) })
            : await request<Contact>("POST", "/api/v1/contacts", { body: body(draft, null), key });
        setBusy(false);
        if (!answer.ok) {
            setErrors(fieldErrors(answer));
            setTaken(answer.why === "conflict" ? (answer.problem.contact_id ?? null) : null);
            setProblem(whyNot(answer));
            return;
        }
        if (editing) saved(answer.data);
        say(t("saved_toast", { name: answer.data.first_name }));
        refreshSoon();
        go({ screen: "contact", id: answer.data.id });
    }
    const back = editing ? ({ screen: "contact", id: contact.id } as const) : ({ screen: "contacts" } as const);
    return (
        <form class="focus form" noValidate onSubmit={(event) => void save(event)}>
            <Head back={back} label={t("back")} title={editing ? t("edit_name", { name: contact.first_name }) : t("add_contact")} wide={wide} always={editing} />
            <Field label={t("f_name")} error={wrong("name")}>
                <input type="text" dir="auto" maxLength={200} required value={draft.name} autocomplete="off" aria-invalid={wrong("name") !== undefined} onInput={(e) => set({ name: e.currentTarget.value })} />
            </Field>
            <Field label={t("f_phone")} error={wrong("phone")} hint={t(editing && contact.phone !== null ? "f_phone_new" : "f_phone_hint")}>
                <input type="tel" dir="ltr" maxLength={64} required={contact?.phone !== null} value={draft.phone} autocomplete="off" aria-invalid={wrong("phone") !== undefined} onInput={(e) => set({ phone: e.currentTarget.value })} />
            </Field>
            <Field label={t("ask_next_time")} error={wrong("topic")}>
                <input type="text" dir="auto" maxLength={200} value={draft.topic} autocomplete="off" onInput={(e) => set({ topic: e.currentTarget.value })} />
            </Field>
            <fieldset class="panel">
                <legend>{t("f_reach_title")}</legend>
                <Field label={t("f_reach")} error={wrong("preferences.reach")}>
                    <input type="text" dir="auto" maxLength={200} value={draft.reach} placeholder={t("f_reach_example")} autocomplete="off" onInput={(e) => set({ reach: e.currentTarget.value })} />
                </Field>
                <div class="two">
                    <Field label={t("f_from")} error={wrong("preferences.from")}>
                        <input type="time" value={draft.from} onInput={(e) => set({ from: e.currentTarget.value })} />
                    </Field>
                    <Field label={t("f_to")} error={wrong("preferences.to")}>
                        <input type="time" value={draft.to} onInput={(e) => set({ to: e.currentTarget.value })} />
                    </Field>
                </div>
                <Field label={t("if_lost")} error={wrong("preferences.if_lost")}>
                    <input type="text" dir="auto" maxLength={200} value={draft.if_lost} placeholder={t("f_if_lost_example")} autocomplete="off" onInput={(e) => set({ if_lost: e.currentTarget.value })} />
                </Field>
            </fieldset>
            <fieldset class="panel">
                <legend>{t("f_where_title")}</legend>
                <Field label={t("f_language")} error={wrong("language")}>
                    <select value={draft.language} onChange={(e) => set({ language: e.currentTarget.value })}>
                        {!editing && <option value="">{t("language_default")}</option>}
                        {languageChoices(draft.language).map(([code, name]) => (
                            <option value={code} key={code}>
                                {name}
                            </option>
                        ))}
                    </select>
                </Field>
                <Field label={t("f_time_zone")} error={wrong("time_zone")} hint={editing ? undefined : t("f_zone_hint")}>
                    <input type="text" dir="ltr" list="zones-known" maxLength={64} value={draft.time_zone} placeholder="Europe/Madrid" autocomplete="off" onInput={(e) => set({ time_zone: e.currentTarget.value })} />
                </Field>
                <datalist id="zones-known">
                    {zones().map((zone) => (
                        <option value={zone} key={zone} />
                    ))}
                </datalist>
            </fieldset>
            <fieldset class="panel">
                <legend>{t("consent")}</legend>
                <p class="hint">{t("consent_hint")}</p>
                <Field label={t("f_consent_source")} error={wrong("consent.source")}>
                    <input type="text" dir="auto" maxLength={200} value={draft.consent_source} placeholder={t("f_consent_example")} autocomplete="off" aria-invalid={wrong("consent.source") !== undefined} onInput={(e) => set({ consent_source: e.currentTarget.value })} />
                </Field>
                <Field label={t("f_consent_at")} error={wrong("consent.at")}>
                    <input type="date" value={draft.consent_at} max={toLocalInput(Date.now()).slice(0, 10)} aria-invalid={wrong("consent.at") !== undefined} onInput={(e) => set({ consent_at: e.currentTarget.value })} />
                </Field>
                <Field label={t("f_consent_text")} error={wrong("consent.text")}>
                    <input type="text" dir="auto" maxLength={2000} value={draft.consent_text} autocomplete="off" onInput={(e) => set({ consent_text: e.currentTarget.value })} />
                </Field>
                <Ways covers={draft.consent_covers} change={(consent_covers) => set({ consent_covers })} />
            </fieldset>
            {!editing && (me?.cadences.length ?? 0) > 0 && (
                <Field label={t("f_cadence")} error={wrong("cadence")} hint={t("f_cadence_hint")}>
                    <select value={draft.cadence} onChange={(e) => set({ cadence: e.currentTarget.value })}>
                        <option value="">{t("cadence_none")}</option>
                        {me?.cadences.map((each) => (
                            <option value={each.name} key={each.name}>
                                {each.title || each.name}
                            </option>
                        ))}
                    </select>
                </Field>
            )}
            {problem && (
                <p class="note" role="alert">
                    <bdi>{problem}</bdi>{" "}
                    {taken !== null && (
                        <a class="inline" href={href({ screen: "contact", id: taken })}>
                            {t("open_that_contact")}
                        </a>
                    )}
                </p>
            )}
            <div class="formfoot">
                <a class="quiet" href={href(back)}>
                    {t("cancel")}
                </a>
                <button type="submit" class="main" disabled={busy}>
                    {t("save")}
                </button>
            </div>
        </form>
    );
}


function Field({ label, error, hint, children }: { label: string; error?: string | undefined; hint?: string | undefined; children: ComponentChildren }) {
    return (
        <label class="field">
            <span>{label}</span>
            {children}
            {hint && !error && <small class="hint">{hint}</small>}
            {error && <small class="wrong">{error}</small>}
        </label>
    );
}
