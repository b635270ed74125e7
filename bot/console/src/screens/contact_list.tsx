import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api";
import { type Key, t } from "../i18n";
import { changes } from "../live";
import { Icon } from "../parts/icons";
import { Avatar, Name } from "../parts/person";
import { Empty, Skeleton } from "../parts/states";
import { href } from "../router";
import { store, useStore } from "../store";
import { when } from "../time";
import type { Contact, Page } from "../types";

type List = { search: string; items: Contact[]; next: string | null; status: "loading" | "ready" | "offline" | "failed" };

// Outlives the screen, so that coming back from a person finds the list as it was left.
const list = store<List>({ search: "", items: [], next: null, status: "loading" });
const pause_ms = 250;
let asked = 0;

async function ask(search: string, after: string | null): Promise<void> {
    const mine = ++asked;
    const query = new URLSearchParams({ limit: "50", ...(search ? { search } : {}), ...(after ? { after } : {}) });
    const answer = await get<Page<Contact>>(`/api/v1/contacts?${query}`);
    if (mine !== asked) return;  // somebody typed on
    if (!answer.ok) {
        list.change((was) => ({ ...was, search, status: answer.why === "offline" ? "offline" : "failed" }));
        return;
    }
    const before = after === null ? [] : list.get().items;
    list.set({ search, items: [...before, ...answer.data.items], next: answer.data.next, status: "ready" });
}

export function forgetList(): void {
    list.set({ search: "", items: [], next: null, status: "loading" });
}

export function ContactList({ current, top }: { current?: number | undefined; top: boolean }) {
    const { items, next, status, search } = useStore(list);
    const [typed, setTyped] = useState(search);
    const box = useRef<HTMLUListElement>(null);
    const firstRun = useRef(true);

    useEffect(() => {
        const timer = setTimeout(() => void ask(typed.trim(), null), firstRun.current ? 0 : pause_ms);
        firstRun.current = false;
        return () => clearTimeout(timer);
    }, [typed]);
    // A change far down the list is not worth losing one's place for: only the first page follows by itself.
    useEffect(() => changes.watch(() => list.get().items.length <= 50 && void ask(list.get().search, null)), []);

    async function more() {
        const place = items.length;
        await ask(search, next);
        box.current?.querySelectorAll<HTMLElement>("a.person")[place]?.focus();
    }
    const Title = top ? "h1" : "h2";
    return (
        <>
            <header class="top">
                <Title class="toptitle" tabIndex={-1}>{t("contacts")}</Title>
                <div class="topactions">
                    <a class="button" href={href({ screen: "import" })}>
                        <Icon name="upload" />
                        <span>{t("import_short")}</span>
                    </a>
                    <a class="round" href={href({ screen: "contact", part: "new" })} aria-label={t("add_contact")}>
                        <Icon name="plus" />
                    </a>
                </div>
            </header>
            <label class="search">
                <span class="hidden">{t("search_contacts")}</span>
                <Icon name="search" />
                <input type="search" dir="auto" value={typed} placeholder={t("search_contacts")} autocomplete="off" enterkeyhint="search" onInput={(e) => setTyped(e.currentTarget.value)} />
            </label>
            <p class="hidden" role="status">
                {status === "ready" && search !== "" ? t("found_count", { count: items.length }) : ""}
            </p>
            {status === "loading" && items.length === 0 && <Skeleton />}
            {(status === "offline" || status === "failed") && (
                <Empty icon="cloud" title={t(status === "offline" ? "contacts_offline_title" : "error_title")} text={t(status === "offline" ? "contacts_offline_text" : "server_trouble")}>
                    <button type="button" class="button" onClick={() => void ask(typed.trim(), null)}>
                        {t("try_again")}
                    </button>
                </Empty>
            )}
            {status === "ready" && items.length === 0 && (search === "" ? <Nobody /> : <Empty icon="search" title={t("nobody_found_title")} text={t("nobody_found_text", { words: search })} />)}
            {items.length > 0 && (
                <section class="list list-people" aria-label={t("contacts")}>
                    <ul ref={box}>
                        {items.map((contact) => (
                            <li key={contact.id} class={current === contact.id ? "current" : undefined}>
                                <Row contact={contact} current={current === contact.id} />
                            </li>
                        ))}
                    </ul>
                </section>
            )}
            {next !== null && status === "ready" && (
                <button type="button" class="button more" onClick={() => void more()}>
                    {t("show_more")}
                </button>
            )}
        </>
    );
}

function Nobody() {
    return (
        <Empty icon="people" title={t("first_run_title")} text={t("first_run_text")}>
            <a class="main" href={href({ screen: "import" })}>
                {t("first_run_import")}
            </a>
            <a class="button" href={href({ screen: "contact", part: "new" })}>
                {t("add_contact")}
            </a>
        </Empty>
    );
}

function Row({ contact, current }: { contact: Contact; current: boolean }) {
    return (
        <a class="row person" href={href({ screen: "contact", id: contact.id })} aria-current={current ? "true" : undefined}>
            <Avatar of={contact} />
            <span class="who">
                <Name of={contact} />
                <span class="meta">{standing(contact)}</span>
            </span>
            <Icon name="forward" class="icon chevron" />
        </a>
    );
}

// Where things stand with somebody, in one line.
export function standing(contact: Contact): string {
    if (contact.opted_out) return t("delivery_opted_out");
    const next = contact.next_action;
    if (next !== null) return `${t(`na_${next.kind}`)} · ${when(next.due_at)}`;
    const closed = contact.outreach?.phase === "closed" ? contact.outreach.reason : null;
    return closed ? t(`closed_${closed}` as Key) || t("not_in_touch") : t("not_in_touch");
}
