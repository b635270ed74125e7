// The top of a page about one thing: the way back, and its heading. On a wide screen the list beside it is the way back.
import type { ComponentChildren } from "preact";
import { t } from "../i18n";
import { href, type Route } from "../router";
import { Icon } from "./icons";

type Words = { back: Route; label?: string; title?: string; wide: boolean; always?: boolean; children?: ComponentChildren };

export function Head({ back, label, title, wide, always, children }: Words) {
    return (
        <header class="focus-top">
            {(!wide || always) && (
                <a class="round" href={href(back)} aria-label={label ?? t("back")}>
                    <Icon name="back" />
                </a>
            )}
            {title !== undefined && <h1 class="subtitle" tabIndex={-1}>{title}</h1>}
            {children}
        </header>
    );
}
