// Screens by the part after '#': it never reaches a server or its log, and the server needs no routes of ours.
import { store } from "./store";

export type Route = { screen: "today" | "focus" | "settings"; id?: number };

function parse(hash: string): Route {
    const [screen, id] = hash.replace(/^#\/?/, "").split("/");
    if (screen === "focus") return /^\d+$/.test(id ?? "") ? { screen, id: Number(id) } : { screen };
    if (screen === "settings") return { screen };
    return { screen: "today" };
}

export const route = store<Route>(parse(location.hash));
addEventListener("hashchange", () => route.set(parse(location.hash)));

export const href = (to: Route): string => (to.screen === "today" ? "#/" : to.id === undefined ? `#/${to.screen}` : `#/${to.screen}/${to.id}`);

export function go(to: Route): void {
    location.hash = href(to);
}
