// A file of contacts as rows of cells, whatever it came in: CSV in any common separator and encoding, vCards, or lines pasted from anywhere.
// The server judges each row again; this only reads, so that the rep can look before anything happens.
export type Table = { header: string[]; rows: string[][] };

// UTF-8 and UTF-16 by their marks, UTF-8 where it is valid, else what old spreadsheets write.
export function decode(bytes: Uint8Array): string {
    if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
    if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
        return new TextDecoder("windows-1252").decode(bytes);
    }
}

export function readTable(text: string): Table {
    // "sep=;" is a first line for Excel's own eyes
    const clean = text.replace(/^\ufeff/, "").replace(/\u0000/g, "").replace(/^"?sep=[,;\t|]"?\r?\n/i, "");
    return /^\s*BEGIN:VCARD/i.test(clean) ? readCards(clean) : readRows(clean);
}

const separators = [",", ";", "\t", "|"];

function separatorOf(line: string): string {
    const bare = line.replace(/"[^"]*"/g, "");
    const counts = separators.map((each) => bare.split(each).length - 1);
    const most = Math.max(...counts);
    return most === 0 ? "," : (separators[counts.indexOf(most)] ?? ",");
}

// RFC 4180, forgiving: a quote inside an unquoted cell is itself, a quote that is never closed ends with the text.
function cells(text: string, separator: string): string[][] {
    const rows: string[][] = [];
    let row: string[] = [];
    let cell = "";
    let quoted = false;
    const endRow = () => {
        row.push(cell.trim());
        if (row.some((each) => each !== "")) rows.push(row);
        row = [];
        cell = "";
    };
    for (let i = 0; i < text.length; i++) {
        const c = text[i] ?? "";
        if (quoted) {
            if (c !== '"') cell += c;
            else if (text[i + 1] === '"') (cell += '"'), i++;
            else quoted = false;
        } else if (c === '"' && cell.trim() === "") (quoted = true), (cell = "");
        else if (c === separator) row.push(cell.trim()), (cell = "");
        else if (c === "\n") endRow();
        else if (c !== "\r" || text[i + 1] !== "\n") cell += c === "\r" ? "" : c;
        if (c === "\r" && text[i + 1] !== "\n" && !quoted) endRow();
    }
    endRow();
    return rows;
}

const digits = (text: string): number => text.replace(/\D/g, "").length;
export const looksLikePhone = (text: string): boolean => /^[+(\d\s٠-٩۰-۹०-९][\d\s().\-/+٠-٩۰-۹०-९]{5,}$/u.test(text) && (digits(text) >= 6 || /[٠-٩۰-۹०-९]{6}/u.test(text.replace(/[\s().\-/]/g, "")));

function readRows(text: string): Table {
    const lines = text.split(/\r\n?|\n/).filter((line) => line.trim() !== "");
    const separator = separatorOf(lines[0] ?? "");
    // "Ana Pérez +34 612 345 678", a line each: nothing separates but the number itself
    if (lines.length > 0 && lines.every((line) => !separators.some((each) => line.includes(each))) && lines.some((line) => spoken(line) !== null)) {
        const pairs = lines.map((line) => spoken(line) ?? [line.trim(), ""]);
        return { header: ["name", "phone"], rows: pairs };
    }
    const rows = cells(text, separator);
    const first = rows[0] ?? [];
    // A first line with a number in it is a contact already, not the names of the columns.
    const named = first.length > 0 && !first.some(looksLikePhone);
    const width = Math.max(0, ...rows.map((row) => row.length));
    const header = Array.from({ length: width }, (_, n) => (named ? (first[n] ?? "") : ""));
    const body = (named ? rows.slice(1) : rows).map((row) => Array.from({ length: width }, (_, n) => row[n] ?? ""));
    return { header, rows: body };
}

function spoken(line: string): [name: string, phone: string] | null {
    const found = /[+(]?\d[\d\s().\-/]{5,}\d/.exec(line);
    if (found === null) return null;
    const name = (line.slice(0, found.index) + " " + line.slice(found.index + found[0].length)).replace(/[\s<>:–—-]+$/u, "").replace(/^[\s<>:–—-]+/u, "").trim();
    return [name, found[0].trim()];
}

// ---- vCard 2.1, 3.0 and 4.0, as phones and mail programs export them

function unfold(text: string): string[] {
    const lines: string[] = [];
    for (const line of text.split(/\r\n?|\n/)) {
        const last = lines.length - 1;
        if (/^[ \t]/.test(line) && last >= 0) lines[last] += line.slice(1);
        else if (last >= 0 && /ENCODING=QUOTED-PRINTABLE/i.test(lines[last] ?? "") && lines[last]?.endsWith("=")) lines[last] = lines[last]?.slice(0, -1) + line;
        else lines.push(line);
    }
    return lines;
}

function quotedPrintable(text: string): string {
    const bytes: number[] = [];
    for (let i = 0; i < text.length; i++) {
        const hex = text[i] === "=" ? /^[0-9a-f]{2}/i.exec(text.slice(i + 1))?.[0] : undefined;
        if (hex !== undefined) bytes.push(Number.parseInt(hex, 16)), (i += 2);
        else bytes.push(...new TextEncoder().encode(text[i] ?? ""));
    }
    return new TextDecoder().decode(new Uint8Array(bytes));
}

const unescaped = (text: string): string => text.replace(/\\([\\;,nN])/g, (_, c: string) => (c === "n" || c === "N" ? " " : c)).trim();

function readCards(text: string): Table {
    const rows: string[][] = [];
    let card: { name: string; parts: string; phones: { value: string; mobile: boolean }[]; note: string; zone: string } | null = null;
    for (const line of unfold(text)) {
        const colon = line.search(/:(?=(?:[^"]*"[^"]*")*[^"]*$)/);
        if (colon < 0) continue;
        const head = line.slice(0, colon).toUpperCase();
        const raw = line.slice(colon + 1);
        const value = unescaped(head.includes("QUOTED-PRINTABLE") ? quotedPrintable(raw) : raw);
        const name = head.split(";")[0]?.replace(/^[\w-]+\./, "") ?? "";
        if (name === "BEGIN") card = { name: "", parts: "", phones: [], note: "", zone: "" };
        else if (card === null) continue;
        else if (name === "FN") card.name ||= value;
        else if (name === "N") card.parts = [raw.split(";")[1], raw.split(";")[2], raw.split(";")[0]].map((part) => unescaped(head.includes("QUOTED-PRINTABLE") ? quotedPrintable(part ?? "") : (part ?? ""))).filter(Boolean).join(" ");
        else if (name === "TEL") card.phones.push({ value: value.replace(/^tel:/i, ""), mobile: /CELL|MOBILE|IPHONE/.test(head) });
        else if (name === "NOTE") card.note = value.slice(0, 200);
        else if (name === "TZ" && value.includes("/")) card.zone = value;
        else if (name === "END") {
            const phone = card.phones.find((each) => each.mobile) ?? card.phones[0];
            if (card.name || card.parts || phone) rows.push([card.name || card.parts, phone?.value ?? "", card.note, card.zone]);
            card = null;
        }
    }
    const used = [0, 1, 2, 3].filter((n) => n < 2 || rows.some((row) => row[n] !== ""));
    const names = ["name", "phone", "topic", "time_zone"];
    return { header: used.map((n) => names[n] ?? ""), rows: rows.map((row) => used.map((n) => row[n] ?? "")) };
}
