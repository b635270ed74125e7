// Reading files of contacts as values: what spreadsheets, phones and people's own notes look like.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { packages, root } from "./support/console.mjs";

let table, columns, refusal;
before(async () => {
    const esbuild = createRequire(join(packages(), "x.js"))("esbuild");
    const built = async (name) => {
        const from = typeof name === "string" ? { entryPoints: [join(root, "bot/console/src/import", name)] } : { stdin: name };
        const { outputFiles } = await esbuild.build({ ...from, bundle: true, format: "esm", write: false, logLevel: "error" });
        return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
    };
    table = await built("table.ts");
    columns = await built("columns.ts");
    refusal = await built({ contents: 'export { rowInWords } from "../refusal"; export { moreWords, plain } from "../i18n";', resolveDir: join(root, "bot/console/src/import") });
    await refusal.moreWords();
});

describe("a table", () => {
    test("commas, semicolons and tabs are told apart, quotes may hold any of them", () => {
        for (const separator of [",", ";", "\t"]) {
            const text = ["name", "phone"].join(separator) + `\r\n"Pérez${separator} ""Ana""\nMaría"${separator}+34 612 345 678\r\n\r\n`;
            assert.deepEqual(table.readTable(text), { header: ["name", "phone"], rows: [[`Pérez${separator} "Ana"\nMaría`, "+34 612 345 678"]] });
        }
    });

    test("the line in which Excel names the separator is no row", () => {
        assert.deepEqual(table.readTable("\ufeffsep=;\r\nname;phone\r\nAna;612345678\r\n"), { header: ["name", "phone"], rows: [["Ana", "612345678"]] });
    });

    test("a file without column names loses no contact to them", () => {
        const read = table.readTable("Ana,+34612345678\nBo,+34612345679\n");
        assert.deepEqual(read.header, ["", ""]);
        assert.equal(read.rows.length, 2);
        assert.deepEqual(columns.guess(read), ["name", "phone"]);
    });

    test("lines pasted from anywhere are a name and a number", () => {
        const { rows } = table.readTable("Ana Pérez +34 612 345 678\n+971 50 123 4567 Farid\nnobody\n");
        assert.deepEqual(rows, [["Ana Pérez", "+34 612 345 678"], ["Farid", "+971 50 123 4567"], ["nobody", ""]]);
    });

    test("old spreadsheets and UTF-16 are read with their letters", () => {
        assert.equal(table.decode(new Uint8Array([0x50, 0xe9, 0x72, 0x65, 0x7a])), "Pérez");
        assert.equal(table.decode(new Uint8Array([0xff, 0xfe, 0x50, 0x00, 0xe9, 0x00])), "Pé");
        assert.equal(table.decode(new TextEncoder().encode("रोहन")), "रोहन");
        assert.deepEqual(table.readTable("\ufeffname,phone\nA,+34612345678").header, ["name", "phone"]);
    });

    test("nothing readable is no contact, and never an error", () => {
        for (const text of ["", "\n\n", ",,,", '"', '"never closed\n,', "BEGIN:VCARD", "BEGIN:VCARD\nEND:VCARD", "\u0000\u0001"]) assert.ok(Array.isArray(table.readTable(text).rows), JSON.stringify(text));
        assert.deepEqual(table.readTable(",,,").rows, []);
    });
});

describe("vCards", () => {
    const cards = (...lines) => table.readTable(["BEGIN:VCARD", ...lines, "END:VCARD", ""].join("\r\n"));

    test("the mobile number is taken before others, whatever the version", () => {
        assert.deepEqual(cards("VERSION:3.0", "FN:Ana Pérez", "TEL;TYPE=HOME:911", "TEL;TYPE=CELL:612 345 678").rows, [["Ana Pérez", "612 345 678"]]);
        assert.deepEqual(cards("VERSION:4.0", "FN:Ana", "item1.TEL;VALUE=uri;TYPE=\"voice,cell\":tel:+34-612-345-678").rows, [["Ana", "+34-612-345-678"]]);
        assert.deepEqual(cards("VERSION:2.1", "N:Pérez;Ana;;;", "TEL;CELL:612345678").rows, [["Ana Pérez", "612345678"]]);
    });

    test("folded lines, escapes and quoted-printable letters come out right", () => {
        assert.deepEqual(cards("FN:Ana\\, la de la", "  panadería", "TEL:612345678").rows, [["Ana, la de la panadería", "612345678"]]);
        assert.deepEqual(cards("N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:P=C3=A9rez;Ana=", "=20Mar=C3=ADa;;;", "TEL;CELL:612345678").rows[0][0], "Ana María Pérez");
    });
});

describe("columns", () => {
    test("they are known by name in several languages, each once", () => {
        assert.deepEqual(columns.guess({ header: ["Nombre", "Teléfono", "Móvil", "Zeitzone", "Town"], rows: [] }), ["name", "phone", "", "time_zone", ""]);
        assert.deepEqual(columns.guess({ header: ["नाम", "मोबाइल"], rows: [] }), ["name", "phone"]);
        assert.deepEqual(columns.guess({ header: ["الاسم", "رقم الهاتف"], rows: [] }), ["name", "phone"]);
        assert.deepEqual(columns.guess({ header: ["Nom", "PRÉNOM", "Numéro de téléphone"], rows: [] }), ["name", "first_name", "phone"]);
        assert.deepEqual(columns.guess({ header: ["NAME", "Vorname", "Handynummer"], rows: [] }), ["name", "first_name", "phone"]);
        assert.equal(columns.complete(["phone", ""]), false);
        assert.equal(columns.complete(["first_name", "phone"]), true);
    });

    test("what is sent has a line for each row, so that the server's lines are ours", () => {
        const csv = columns.toCsv({ header: ["a", "b"], rows: [["Ana\nPérez", "+34"], ['B"o', "1,2"]] }, ["name", "phone"], { consent_source: "form", consent_at: "2026-01-02" });
        assert.equal(csv, 'name,phone,consent_source,consent_at,consent_text\r\n"Ana Pérez","+34","form","2026-01-02","form"\r\n"B""o","1,2","form","2026-01-02","form"\r\n');
    });
});

test("a row with several mistakes says each of them, or leaves it to the server's sentence", () => {
    const row = { line: 2, reason: "all of it", code: "name_missing", more: [{ code: "rep_missing", values: { known: "joel, sam" } }] };
    assert.equal(refusal.plain(refusal.rowInWords(row)), "The name is missing. Who calls them is missing. There are: joel, sam.");
    assert.equal(refusal.rowInWords({ ...row, more: [] }), "The name is missing.");
    assert.equal(refusal.rowInWords({ ...row, more: [{ code: "of_next_year" }] }), "all of it");
});
