// Screens by the part after '#': it never reaches a server or its log, and the server needs no routes of ours.
import { store } from "./store";

const screens = ["today", "focus", "contacts", "contact", "import", "insights", "settings"] as const;
export type Screen = (typeof screens)[number];
// #/contact/7/chat: the screen, whose, and which part of it.
export type Route = { screen: Screen; id?: number; part?: string };

function parse(hash: string): Route {
    const [screen, id, part] = hash.replace(/^#\/?/, "").split("/");
    const known = screens.find((each) => each === screen);
    if (known === undefined) return { screen: "today" };
    const number = /^\d+$/.test(id ?? "") ? Number(id) : undefined;
    if (known === "contact" && number === undefined) return id === "new" ? { screen: "contact", part: "new" } : { screen: "contacts" };
    return { screen: known, ...(number === undefined ? {} : { id: number }), ...(part ? { part } : {}) };
}

export const route = store<Route>(parse(location.hash));
addEventListener("hashchange", () => route.set(parse(location.hash)));

export const href = (to: Route): string => (to.screen === "today" ? "#/" : "#/" + [to.screen, to.id, to.part].filter((each) => each !== undefined).join("/"));

export function go(to: Route): void {
    location.hash = href(to);
}
