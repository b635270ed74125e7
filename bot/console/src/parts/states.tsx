// Pages with nothing to list still say what is going on and what to do.
import type { ComponentChildren } from "preact";
import { t } from "../i18n";
import { Icon, type IconName } from "./icons";

export function Empty({ icon, title, text, children }: { icon: IconName; title: string; text: string; children?: ComponentChildren }) {
    return (
        <div class="empty">
            <span class="empty-mark">
                <Icon name={icon} width="34" height="34" />
            </span>
            <h2>{title}</h2>
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
