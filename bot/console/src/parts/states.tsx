// Pages with nothing to list still say what is going on and what to do.
import type { ComponentChildren } from "preact";
import { t } from "../i18n";
import { Icon, type IconName } from "./icons";

type Words = { icon: IconName; title: string; text: string; top?: boolean; children?: ComponentChildren };

// `top`: nothing else on the screen is its heading.
export function Empty({ icon, title, text, top, children }: Words) {
    return (
        <div class="empty">
            <span class="empty-mark">
                <Icon name={icon} width="34" height="34" />
            </span>
            {top ? <h1 tabIndex={-1}>{title}</h1> : <h2>{title}</h2>}
            <p>{text}</p>
            {children}
        </div>
    );
}

export function Skeleton() {
    return (
        <div class="skeletons" role="status" aria-label={t("loading")}>
            {[0, 1, 2].map((n) => (
                <div class="skeleton" key={n}>
                    <i class="s-round" />
                    <i class="s-line" />
                    <i class="s-line short" />
                </div>
            ))}
        </div>
    );
}
