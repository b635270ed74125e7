// Where the rep is signed in, and one more phone by holding it up to the screen.
import { useEffect, useState } from "preact/hooks";
import { request } from "../api";
import { t } from "../i18n";
import { useLoaded } from "../load";
import { whyNot } from "../refusal";
import { ago, clock } from "../time";
import { say } from "../toasts";
import { Dialog } from "./dialog";

type Session = { id: string; device: string; created_at: string; seen_at: string; current: boolean };
type Link = { url: string; expires_at: string; qr_svg: string };

export function Devices({ rep }: { rep: string }) {
    const { data, again } = useLoaded<{ items: Session[] }>("/api/v1/sessions");
    const [link, setLink] = useState<Link | null>(null);
    const [busy, setBusy] = useState(false);

    async function pair() {
        setBusy(true);
        const answer = await request<Link>("POST", `/api/v1/reps/${encodeURIComponent(rep)}/sign_in_link`, { body: {} });
        setBusy(false);
        if (answer.ok) setLink(answer.data);
        else say(whyNot(answer), { kind: "warn" });
    }
    async function signOut(session: Session) {
        const answer = await request("DELETE", `/api/v1/sessions/${session.id}`);
        say(answer.ok ? t("device_out_toast") : whyNot(answer), answer.ok ? {} : { kind: "warn" });
        again();
    }
    return (
        <section class="panel" aria-labelledby="devices">
            <h2 id="devices">{t("devices_title")}</h2>
            <ul class="devices">
                {(data?.items ?? []).map((session) => (
                    <li key={session.id}>
                        <span class="who">
                            <bdi>{session.device}</bdi>
                            <span class="meta">{session.current ? t("device_this") : t("device_seen", { ago: ago(session.seen_at) })}</span>
                        </span>
                        {!session.current && (
                            <button type="button" class="button" onClick={() => void signOut(session)}>
                                {t("sign_out")} <span class="hidden">{session.device}</span>
                            </button>
                        )}
                    </li>
                ))}
            </ul>
            <button type="button" class="button strong" disabled={busy} onClick={() => void pair()}>
                {t("add_device")}
            </button>
            {link !== null && (
                <Pairing
                    link={link}
                    close={() => {
                        setLink(null);
                        again();
                    }}
                />
            )}
        </section>
    );
}

function Pairing({ link, close }: { link: Link; close: () => void }) {
    const [copied, setCopied] = useState(false);
    const [over, setOver] = useState(false);
    useEffect(() => {
        const timer = setTimeout(() => setOver(true), Math.max(0, Date.parse(link.expires_at) - Date.now()));
        return () => clearTimeout(timer);
    }, [link]);
    async function copy() {
        await navigator.clipboard?.writeText(link.url).then(() => setCopied(true), () => undefined);
    }
    return (
        <Dialog title={t("pair_title")} close={close}>
            <div class="sheet-body pairing">
                {over ? (
                    <p class="note" role="status">{t("pair_over")}</p>
                ) : (
                    <>
                        <p>{t("pair_text")}</p>
                        <img class="qr" src={`data:image/svg+xml,${encodeURIComponent(link.qr_svg)}`} alt={t("pair_alt")} width="232" height="232" />
                        <p class="hint">{t("pair_valid", { time: clock(link.expires_at) })}</p>
                        {navigator.clipboard && (
                            <button type="button" class="button" onClick={() => void copy()}>
                                {t(copied ? "copied" : "copy_link")}
                            </button>
                        )}
                    </>
                )}
            </div>
            <div class="sheet-foot">
                <button type="button" class="quiet" onClick={close}>
                    {t("close")}
                </button>
            </div>
        </Dialog>
    );
}
