import { useState } from "preact/hooks";
import { request } from "../api";
import { languages, remember, storedTheme, type Theme } from "../choices";
import { chooseLanguage, language, t } from "../i18n";
import { flush, outbox } from "../outbox";
import { useStore } from "../store";
import { ownZone } from "../time";
import { forget, type State } from "../today";

export function SettingsScreen({ state, redraw }: { state: State; redraw: () => void }) {
    const [theme, setTheme] = useState<Theme>(storedTheme());
    const ops = useStore(outbox);

    function chooseTheme(next: Theme) {
        remember("theme", next === "auto" ? null : next);
        setTheme(next);
        if (next === "auto") delete document.documentElement.dataset["theme"];
        else document.documentElement.dataset["theme"] = next;
    }
    async function signOut() {
        await request("POST", "/logout", { body: {} });
        forget();
        location.assign("/login");
    }
    return (
        <>
            <header class="top">
                <h1 tabIndex={-1}>{t("settings")}</h1>
            </header>
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
                {state.data && <p>{t("signed_in_as", { name: state.data.rep.name })}</p>}
                <p class="hint">{t("sign_out_hint")}</p>
                <button type="button" class="button" onClick={() => void signOut()}>
                    {t("sign_out")}
                </button>
            </section>
        </>
    );
}
