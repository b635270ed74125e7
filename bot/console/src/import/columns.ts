// Which column holds what: guessed from its name, and where it has none from what is in it. The rep corrects it.
import { looksLikePhone, type Table } from "./table";

export const fields = ["name", "first_name", "last_name", "phone", "language", "time_zone", "topic", "consent_source", "consent_at", "consent_text", "consent_covers"] as const;
export type Field = (typeof fields)[number];
export type Columns = (Field | "")[];

// The same words as the server's own guess (bot/web/import_words.cpp), and a few more.
const words: Record<Field, string[]> = {
    name: ["name", "fullname", "displayname", "contact", "contactname", "customer", "customername", "client", "nombre", "nom", "nome", "नाम", "الاسم", "اسم", "kontakt", "ansprechpartner", "kunde", "kundenname", "nomcomplet", "contacto", "cliente", "nombrecompleto"],
    first_name: ["firstname", "givenname", "vorname", "prenom", "पहलानाम", "الاسمالأول"],
    last_name: ["lastname", "surname", "familyname", "nachname", "apellido", "apellidos", "उपनाम", "اسمالعائلة", "familienname", "nomdefamille", "cognome", "sobrenome"],
    phone: ["phone", "phonenumber", "mobile", "mobilenumber", "mobilephone", "cell", "cellphone", "tel", "telephone", "number", "whatsapp", "whatsappnumber", "telefono", "telefon", "movil", "handy", "phone1value", "फ़ोन", "मोबाइल", "फोन", "هاتف", "الهاتف", "جوال", "الجوال", "رقمالهاتف", "telefonnummer", "telefonnr", "telnr", "mobil", "mobilnummer", "mobiltelefon", "handynummer", "rufnummer", "numerodetelephone", "portable", "telephoneportable", "telephonemobile", "celular", "telefonomovil", "numerodetelefono", "cellulare", "telefone", "telemovel"],
    language: ["language", "lang", "locale", "idioma", "sprache", "भाषा", "اللغة", "لغة", "langue", "lingua"],
    time_zone: ["timezone", "tz", "zone", "zonahoraria", "zeitzone", "समयक्षेत्र", "المنطقةالزمنية", "fuseauhoraire"],
    topic: ["topic", "lasttopic", "about", "notes", "note", "tema", "thema", "विषय", "موضوع", "ملاحظات", "notizen", "notas"],
    consent_source: ["consentsource", "consent", "optinsource", "optin", "सहमति", "موافقة"],
    consent_at: ["consentat", "consentdate", "optinat", "optindate", "consentedat"],
    consent_text: ["consenttext", "consentwording", "optintext", "wording"],
    consent_covers: ["consentcovers", "consentchannels", "consentchannel", "optinchannels", "optinchannel"],
};

// Without accents, so that "TÉLÉPHONE" is "telephone".
const squeezed = (text: string): string => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").normalize("NFC").toLowerCase().replace(/[^\p{L}\p{M}\p{N}]/gu, "");
const sample = 50;

export function guess({ header, rows }: Table): Columns {
    const columns: Columns = header.map(() => "");
    header.forEach((title, n) => {
        const found = fields.find((field) => words[field].includes(squeezed(title)));
        if (found !== undefined && !columns.includes(found)) columns[n] = found;
    });
    const share = (n: number, is: (cell: string) => boolean) => {
        const filled = rows.slice(0, sample).map((row) => row[n] ?? "").filter((cell) => cell !== "");
        return filled.length === 0 ? 0 : filled.filter(is).length / filled.length;
    };
    if (!columns.includes("phone")) {
        const n = header.findIndex((_, i) => columns[i] === "" && share(i, looksLikePhone) > 0.6);
        if (n >= 0) columns[n] = "phone";
    }
    if (!columns.includes("name") && !columns.includes("first_name")) {
        const n = header.findIndex((_, i) => columns[i] === "" && share(i, (cell) => /\p{L}{2}/u.test(cell) && !cell.includes("@")) > 0.6);
        if (n >= 0) columns[n] = "name";
    }
    return columns;
}

export const complete = (columns: Columns): boolean => columns.includes("phone") && (columns.includes("name") || columns.includes("first_name"));

export type Given = { consent_source: string; consent_at: string };

// What is sent: our own names for the columns, one line for each row, so that the server's line N is row N - 2 here.
export function toCsv({ rows }: Table, columns: Columns, given: Given): string {
    const used = fields.filter((field) => columns.includes(field));
    const consent = given.consent_source !== "" && !used.includes("consent_source");
    const header = [...used, ...(consent ? ["consent_source", "consent_at", "consent_text"] : [])];
    const lines = rows.map((row) => {
        const cells = used.map((field) => row[columns.indexOf(field)] ?? "");
        return [...cells, ...(consent ? [given.consent_source, given.consent_at, given.consent_source] : [])].map(quoted).join(",");
    });
    return [header.join(","), ...lines, ""].join("\r\n");
}

const quoted = (cell: string): string => `"${cell.replace(/[\r\n]+/g, " ").replace(/"/g, '""')}"`;
