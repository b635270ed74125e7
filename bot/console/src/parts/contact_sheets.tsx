// The few things about a contact that deserve a second look before they happen.
import { useEffect, useState } from "preact/hooks";
import { get, request } from "../api";
import { type Key, t } from "../i18n";
import { whyNot } from "../refusal";
import { go } from "../router";
import type { Act } from "../screens/contact_page";
import { toLocalInput, when } from "../time";
import { refreshSoon } from "../today";
import { say } from "../toasts";
import type { Contact, Outreach, Page } from "../types";
import { Dialog } from "./dialog";
import { Avatar, Name } from "./person";

type Asked = { contact: Contact; act: Act; close: () => void };

function Foot({ close }: { close: () => void }) {
    return (
        <div class="sheet-foot">
            <button type="button" class="quiet" onClick={close}>
                {t("cancel")}
            </button>
        </div>
    );
}

const days = [7, 14, 30];

export function PauseSheet({ contact, outreach, act, close }: Asked & { outreach: Outreach }) {
    const [custom, setCustom] = useState("");
    const until = (at: number) => act(`/api/v1/outreaches/${outreach.id}/hold`, { until: new Date(at).toISOString() }, t("paused_toast", { name: contact.first_name, time: when(at) }));
    const morning = (ahead: number) => {
        const then = new Date();
        then.setDate(then.getDate() + ahead);
        then.setHours(10, 0, 0, 0);
        return then.getTime();
    };
    const picked = custom === "" ? Number.NaN : new Date(custom).getTime();
    return (
        <Dialog title={t("pause_title", { name: contact.name })} close={close}>
            <div class="sheet-body">
                <p class="hint">{t("pause_hint")}</p>
                <div class="stack">
                    {days.map((ahead) => (
                        <button type="button" class="wide" key={ahead} onClick={() => void until(morning(ahead))}>
                            <span>{t(`days_${ahead}` as Key)}</span>
                            <small>{when(morning(ahead))}</small>
                        </button>
                    ))}
                </div>
                <label class="field">
                    <span>{t("pick_a_time")}</span>
                    <input type="datetime-local" value={custom} min={toLocalInput(Date.now())} onInput={(e) => setCustom(e.currentTarget.value)} />
                </label>
                {picked > Date.now() && (
                    <button type="button" class="button strong" onClick={() => void until(picked)}>
                        {t("pause_until", { time: when(picked) })}
                    </button>
                )}
            </div>
            <Foot close={close} />
        </Dialog>
    );
}

export function CloseSheet({ contact, outreach, act, close }: Asked & { outreach: Outreach }) {
    const end = (reason: string) => act(`/api/v1/outreaches/${outreach.id}/close`, { reason }, t("ended_toast", { name: contact.first_name }));
    return (
        <Dialog title={t("end_title", { name: contact.name })} close={close}>
            <div class="sheet-body">
                <p class="hint">{t("end_hint")}</p>
                <div class="stack">
                    {["won", "said_no", "wrong_person"].map((reason) => (
                        <button type="button" class="wide" key={reason} onClick={() => void end(reason)}>
                            <span>{t(`closed_${reason}` as Key)}</span>
                        </button>
                    ))}
                </div>
            </div>
            <Foot close={close} />
        </Dialog>
    );
}

export function StopSheet({ contact, act, close }: Asked) {
    return (
        <Dialog title={t("stop_title", { name: contact.name })} close={close}>
            <div class="sheet-body">
                <p class="note">{t("stop_explained")}</p>
            </div>
            <div class="sheet-foot">
                <button type="button" class="quiet" onClick={close}>
                    {t("cancel")}
                </button>
                <button type="button" class="main" onClick={() => void act(`/api/v1/contacts/${contact.id}/opt_out`, { how: "told the rep" }, t("stopped_toast", { name: contact.first_name }))}>
                    {t("stop_yes")}
                </button>
            </div>
        </Dialog>
    );
}

// Afterwards there is no such contact: the page has nothing more to show.
export function EraseSheet({ contact, close }: { contact: Contact; close: () => void }) {
    const [problem, setProblem] = useState("");
    const [busy, setBusy] = useState(false);
    async function erase() {
        setBusy(true);
        const answer = await request("DELETE", `/api/v1/contacts/${contact.id}`);
        setBusy(false);
        if (!answer.ok) {
            setProblem(whyNot(answer));
            return;
        }
        say(t("erase_done"));
        close();
        refreshSoon();
        go({ screen: "contacts" });
    }
    return (
        <Dialog title={t("erase_title", { name: contact.name })} close={close}>
            <div class="sheet-body">
                <p class="note">{t("erase_explained")}</p>
                {problem && <p class="wrong" role="alert">{problem}</p>}
            </div>
            <div class="sheet-foot">
                <button type="button" class="quiet" onClick={close}>
                    {t("cancel")}
                </button>
                <button type="button" class="main" disabled={busy} onClick={() => void erase()}>
                    {t("erase_yes")}
                </button>
            </div>
        </Dialog>
    );
}

export function HandSheet({ contact, outreach, rep, act, close }: Asked & { outreach: number; rep: { id: string; name: string } }) {
    const [busy, setBusy] = useState(false);
    async function hand() {
        setBusy(true);
        await act(`/api/v1/outreaches/${outreach}/reassign`, { rep: rep.id }, t("handed_toast", { name: contact.first_name, rep: rep.name }));
        close();
    }
    return (
        <Dialog title={t("hand_title", { name: contact.name, rep: rep.name })} close={close}>
            <div class="sheet-body">
                <p class="note">{t("hand_explained", { name: contact.first_name, rep: rep.name })}</p>
            </div>
            <div class="sheet-foot">
                <button type="button" class="quiet" onClick={close}>
                    {t("cancel")}
                </button>
                <button type="button" class="main" disabled={busy} onClick={() => void hand()}>
                    {t("hand_do")}
                </button>
            </div>
        </Dialog>
    );
}

// The other record stays, this one goes into it; where only this one is being worked on, the server says so and the other way is taken.
export function MergeSheet({ contact, close }: { contact: Contact; close: () => void }) {
    const [typed, setTyped] = useState(contact.first_name);
    const [found, setFound] = useState<Contact[] | null>(null);
    const [chosen, choose] = useState<Contact | null>(null);
    const [problem, setProblem] = useState("");
    const [busy, setBusy] = useState(false);
    useEffect(() => {
        let current = true;
        const timer = setTimeout(async () => {
            const answer = await get<Page<Contact>>(`/api/v1/contacts?limit=8&search=${encodeURIComponent(typed.trim())}`);
            if (!current) return;
            if (answer.ok) setFound(answer.data.items.filter((each) => each.id !== contact.id));
            setProblem(answer.ok ? "" : whyNot(answer));
        }, 250);
        return () => {
            current = false;
            clearTimeout(timer);
        };
    }, [typed]);

    async function merge(other: Contact) {
        setBusy(true);
        let kept = other.id;
        let answer = await request("POST", `/api/v1/contacts/${contact.id}/merge`, { body: { into: other.id } });
        if (!answer.ok && answer.problem.type?.endsWith(":merge_the_other_way")) {
            kept = contact.id;
            answer = await request("POST", `/api/v1/contacts/${other.id}/merge`, { body: { into: contact.id } });
        }
        setBusy(false);
        if (!answer.ok) {
            setProblem(whyNot(answer));
            return;
        }
        say(t("merged_toast", { name: contact.first_name }));
        close();
        refreshSoon();
        go({ screen: "contact", id: kept });
    }
    return (
        <Dialog title={t("merge_title", { name: contact.name })} close={close}>
            <div class="sheet-body">
                {chosen === null ? (
                    <>
                        <label class="field">
                            <span>{t("merge_search")}</span>
                            <input type="search" dir="auto" value={typed} autocomplete="off" onInput={(e) => setTyped(e.currentTarget.value)} />
                        </label>
                        <p class="hint" role="status">
                            {found !== null && found.length === 0 ? t("merge_nobody") : ""}
                        </p>
                        <div class="stack">
                            {(found ?? []).map((each) => (
                                <button type="button" class="wide" key={each.id} onClick={() => choose(each)}>
                                    <Name of={each} />
                                    <small>
                                        <bdi dir="ltr">{each.phone ?? ""}</bdi>
                                    </small>
                                </button>
                            ))}
                        </div>
                    </>
                ) : (
                    <>
                        <div class="pair">
                            {[contact, chosen].map((each) => (
                                <p class="person" key={each.id}>
                                    <Avatar of={each} />
                                    <span class="who">
                                        <Name of={each} />
                                        <bdi dir="ltr" class="meta">{each.phone ?? ""}</bdi>
                                    </span>
                                </p>
                            ))}
                        </div>
                        <p class="note">{t("merge_explained")}</p>
                    </>
                )}
                {problem && <p class="wrong" role="alert">{problem}</p>}
            </div>
            <div class="sheet-foot">
                <button type="button" class="quiet" onClick={chosen ? () => choose(null) : close}>
                    {t(chosen ? "back" : "cancel")}
                </button>
                {chosen && (
                    <button type="button" class="main" disabled={busy} onClick={() => void merge(chosen)}>
                        {t("merge_do")}
                    </button>
                )}
            </div>
        </Dialog>
    );
}
