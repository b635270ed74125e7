// Contacts: the list, and one person beside it where the screen is wide enough.
import { t } from "../i18n";
import type { ScreenProps } from "../lazy";
import { Empty } from "../parts/states";
import { Chat } from "./chat";
import { ContactForm } from "./contact_form";
import { ContactList } from "./contact_list";
import { ContactPage } from "./contact_page";

export default function People({ route, wide, state }: ScreenProps) {
    const one = route.screen === "contact";
    return (
        <>
            {(!one || wide) && (
                <div class="pane">
                    <ContactList current={route.id} top={!one} />
                </div>
            )}
            {!one && wide && (
                <div class="pane pane-card">
                    <Empty icon="people" title={t("choose_somebody_title")} text={t("choose_somebody_text")} />
                </div>
            )}
            {one && (
                <div class={wide ? "pane pane-card" : "pane"}>
                    <One key={`${route.id} ${route.part}`} route={route} me={state.data?.rep.id ?? ""} wide={wide} />
                </div>
            )}
        </>
    );
}

function One({ route: { id, part }, me, wide }: { route: ScreenProps["route"]; me: string; wide: boolean }) {
    if (id === undefined) return <ContactForm id={null} wide={wide} />;
    if (part === "chat") return <Chat id={id} wide={wide} />;
    if (part === "edit") return <ContactForm id={id} wide={wide} />;
    return <ContactPage id={id} me={me} wide={wide} />;
}
