import { useState } from "preact/hooks";
import { request } from "../api";
import { languages, remember, signedUpForPush, storedTheme, type Theme } from "../choices";
import { chooseLanguage, language, t } from "../i18n";
import type { ScreenProps } from "../lazy";
import { flush, outbox } from "../outbox";
import { Devices } from "../parts/devices";
import { Away } from "../parts/away";
import { Calendar, Notifications } from "../parts/notifications";
import { turnOff } from "../push";
import { useStore } from "../store";
import { applyTheme } from "../theme";
import { ownZone } from "../time";
import { forget } from "../today";

const push_patience_ms = 3_000;

export default function Settings({ state, redraw }: ScreenProps) {
    const [theme, setTheme] = useState<Theme>(storedTheme());
    const ops = useStore(outbox);

    function chooseTheme(next: Theme) {
        remember("theme", next === "auto" ? null : next);
        setTheme(next);
        applyTheme(next);
    }
    async function signOut() {
        // a phone that signed out is told nothing more; a browser that does not answer does not keep anybody signed in
        if (signedUpForPush()) await Promise.race([turnOff().catch(() => undefined), new Promise((turn) => setTimeout(turn, push_patience_ms))]);
        await request("POST", "/logout", { body: {} });
        forget();
        location.assign("/login");
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
                    <button type="button" class="button" onClick={() => void signOut()}>
                        {t("sign_out")}
                    </button>
                </section>
            </div>
        </div>
    );
}
