import { useState } from "preact/hooks";
import { request } from "../api";
import { languages, remember, signedUpForPush, storedTheme, type Theme } from "../choices";
import { chooseLanguage, language, t } from "../i18n";
import type { ScreenProps } from "../lazy";
import { flush, outbox, sendNow, unsent } from "../outbox";
import { Away } from "../parts/away";
import { Devices } from "../parts/devices";
import { Dialog } from "../parts/dialog";
import { Calendar, Notifications } from "../parts/notifications";
import { turnOff } from "../push";
import { useStore } from "../store";
import { applyTheme } from "../theme";
import { ownZone } from "../time";
import { forget } from "../today";
import { say } from "../toasts";
import { unsentTexts } from "../unsent";

const push_patience_ms = 3_000;

// A number: so many things are on this phone alone, and nothing has happened yet.
async function leave(loseTheRest: boolean): Promise<"left" | "offline" | "failed" | number> {
    const here = await request("GET", "/api/v1/me");
    if (!here.ok && here.why === "offline") return "offline";
    if (here.ok) await sendNow();
    const rest = unsent() + unsentTexts();
    if (rest > 0 && !loseTheRest) return rest;
    // a phone that signed out is told nothing more; a browser that does not answer does not keep anybody signed in
    if (signedUpForPush()) await Promise.race([turnOff().catch(() => undefined), new Promise((turn) => setTimeout(turn, push_patience_ms))]);
    const answer = await request("POST", "/logout", { body: {} });
    if (!answer.ok && answer.why !== "signed_out") return answer.why === "offline" ? "offline" : "failed";
    forget();
    location.assign("/login");
    return "left";
}

export default function Settings({ state, redraw }: ScreenProps) {
    const [theme, setTheme] = useState<Theme>(storedTheme());
    const ops = useStore(outbox);
    const [busy, setBusy] = useState(false);
    const [losing, setLosing] = useState<number | null>(null);

    function chooseTheme(next: Theme) {
        remember("theme", next === "auto" ? null : next);
        setTheme(next);
        applyTheme(next);
    }
    // What was logged goes out first. Without the server nobody is signed out, and the page does not pretend to.
    async function signOut(loseTheRest: boolean) {
        setBusy(true);
        const left = await leave(loseTheRest);
        setBusy(false);
        if (left === "offline") say(t("sign_out_offline"), { kind: "warn" });
        if (left === "failed") say(t("server_trouble"), { kind: "warn" });
        setLosing(typeof left === "number" ? left : null);
    }
    const rep = state.data?.rep;
    return (
        <div class="pane">
            <header class="top">
                <h1 tabIndex={-1}>{t("settings")}</h1>
            </header>
            <div class="panels">
                {rep && <Away rep={rep.id} />}
                {rep && <Notifications />}
                {rep && <Devices rep={rep.id} />}
                {rep && <Calendar />}
                <fieldset class="panel">
                    <legend>{t("language")}</legend>
                    <div class="choices">
                        {Object.entries(languages).map(([code, own]) => (
                            <label class="choice" key={code}>
                                <input type="radio" name="language" checked={language() === code} onChange={() => void chooseLanguage(code).then(redraw)} />
                                <span lang={code}>{own}</span>
                            </label>
                        ))}
                    </div>
                </fieldset>
                <fieldset class="panel">
                    <legend>{t("theme")}</legend>
                    <div class="choices">
                        {(["auto", "light", "dark"] as const).map((each) => (
                            <label class="choice" key={each}>
                                <input type="radio" name="theme" checked={theme === each} onChange={() => chooseTheme(each)} />
                                <span>{t(`theme_${each}`)}</span>
                            </label>
                        ))}
                    </div>
                    <p class="hint">{t("times_shown", { zone: ownZone() })}</p>
                </fieldset>
                {ops.length > 0 && (
                    <section class="panel">
                        <h2>{t("unsent_title")}</h2>
                        <p>{t("unsent_text", { count: ops.length })}</p>
                        <button type="button" class="button" onClick={() => void flush()}>
                            {t("send_now")}
                        </button>
                    </section>
                )}
                <section class="panel">
                    <h2>{t("this_phone")}</h2>
                    {rep && <p>{t("signed_in_as", { name: rep.name })}</p>}
                    <p class="hint">{t("sign_out_hint")}</p>
                    <button type="button" class="button" disabled={busy} onClick={() => void signOut(false)}>
                        {t("sign_out")}
                    </button>
                </section>
            </div>
            {losing !== null && (
                <Dialog title={t("sign_out_title")} close={() => setLosing(null)}>
                    <div class="sheet-body">
                        <p class="note">{t("sign_out_loses", { count: losing })}</p>
                    </div>
                    <div class="sheet-foot">
                        <button type="button" class="quiet" disabled={busy} onClick={() => void signOut(true)}>
                            {t("sign_out_anyway")}
                        </button>
                        <button type="button" class="main" onClick={() => setLosing(null)}>
                            {t("stay")}
                        </button>
                    </div>
                </Dialog>
            )}
        </div>
    );
}
