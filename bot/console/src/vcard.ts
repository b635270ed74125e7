// A contact as a file for the phone's own address book, so that it shows the name when they call back. RFC 6350, in the version every phone reads.
import type { Contact } from "./types";

const escaped = (text: string): string => text.replace(/[\\;,]/g, "\\$&").replace(/[\r\n]+/g, "\\n");

export function cardFile({ name, phone }: Pick<Contact, "name" | "phone">): string {
    const lines = ["BEGIN:VCARD", "VERSION:3.0", `FN:${escaped(name)}`, `N:${escaped(name)};;;;`, `TEL;TYPE=CELL:${phone ?? ""}`, "END:VCARD", ""];
    return `data:text/vcard;charset=utf-8,${encodeURIComponent(lines.join("\r\n"))}`;
}
