// Bringing contacts in: choose, look, check, bring in. Nothing is saved before the last step, and what could not be taken comes back with the reason.
import { useEffect, useRef, useState } from "preact/hooks";
import { get, send } from "../api";
import { complete, type Columns, type Field, fields, guess, toCsv } from "../import/columns";
import { decode, readTable, type Table } from "../import/table";
import { language, plain, t } from "../i18n";
import type { ScreenProps } from "../lazy";
import { useLoaded } from "../load";
import { Head } from "../parts/head";
import { Icon } from "../parts/icons";
import { Empty } from "../parts/states";
import { whyNot, rowInWords } from "../refusal";
import { href } from "../router";
import { refreshSoon } from "../today";
import type { Job, Me } from "../types";

const bytes_max = 32 * 1024 * 1024;
const rows_max = 100_000;
const preview_rows = 4;
const poll_ms = 300;

type Options = { cadence: string; consent_source: string; consent_at: string };
type Step =
    | { step: "choose"; problem: string }
    | { step: "look"; table: Table; from: string; columns: Columns; problem: string }
    | { step: "busy"; table: Table; from: string; columns: Columns; dry: boolean; job: Job | null }
    | { step: "checked" | "saved"; table: Table; from: string; columns: Columns; job: Job };

export default function Import({ wide }: ScreenProps) {
    const [at, setAt] = useState<Step>({ step: "choose", problem: "" });
    const [options, setOptions] = useState<Options>({ cadence: "", consent_source: "", consent_at: "" });
    const stopped = useRef(false);
    useEffect(() => () => void (stopped.current = true), []);

    function take(text: string, from: string) {
        const table = readTable(text);
        const problem = table.rows.length === 0 ? t("import_nothing") : table.rows.length > rows_max ? t("import_too_many", { count: rows_max }) : "";
        setAt(problem ? { step: "choose", problem } : { step: "look", table, from, columns: guess(table), problem: "" });
    }
    async function takeFile(file: File | undefined) {
        if (file === undefined) return;
        if (file.size > bytes_max) return setAt({ step: "choose", problem: t("import_too_big") });
        const bytes = new Uint8Array(await file.arrayBuffer());
        // "PK": a spreadsheet's own format, which is a zip
        if (bytes[0] === 0x50 && bytes[1] === 0x4b) return setAt({ step: "choose", problem: t("import_is_xlsx") });
        take(decode(bytes), file.name);
    }

    async function run(dry: boolean, table: Table, from: string, columns: Columns) {
        setAt({ step: "busy", table, from, columns, dry, job: null });
        const back = (problem: string) => setAt({ step: "look", table, from, columns, problem });
        const query = new URLSearchParams({ ...(dry ? { dry_run: "1" } : {}), ...(options.cadence ? { cadence: options.cadence } : {}) });
        const started = await send<{ job: string }>(`/api/v1/contacts/import?${query}`, toCsv(table, columns, options), "text/csv");
        if (!started.ok) return back(whyNot(started));
        for (;;) {
            const answer = await get<Job>(`/api/v1/jobs/${started.data.job}`);
            if (stopped.current) return;
            if (answer.ok) {
                const job = answer.data;
                if (job.state === "failed") return back((language() === "en" && job.problem) || t("import_failed"));
                if (job.state === "done") {
                    setAt({ step: dry ? "checked" : "saved", table, from, columns, job });
                    if (!dry) refreshSoon();
                    return;
                }
                setAt({ step: "busy", table, from, columns, dry, job });
            } else if (answer.why !== "offline" && answer.why !== "failed") return back(whyNot(answer));
            await new Promise((turn) => setTimeout(turn, poll_ms));
        }
    }
    return (
        <div class="pane">
            <div class="focus import">
                <Head back={{ screen: "contacts" }} label={t("back_to_contacts")} title={t("first_run_import")} wide={wide} always />
                <Steps at={at.step} />
                {at.step === "choose" && <Choose problem={at.problem} take={take} takeFile={takeFile} />}
                {at.step === "look" && <Look at={at} options={options} setOptions={setOptions} change={(columns) => setAt({ ...at, columns, problem: "" })} restart={() => setAt({ step: "choose", problem: "" })} check={() => void run(true, at.table, at.from, at.columns)} />}
                {at.step === "busy" && <Busy dry={at.dry} job={at.job} total={at.table.rows.length} />}
                {at.step === "checked" && <Checked job={at.job} table={at.table} columns={at.columns} back={() => setAt({ ...at, step: "look", problem: "" })} save={() => void run(false, at.table, at.from, at.columns)} />}
                {at.step === "saved" && <Saved job={at.job} table={at.table} columns={at.columns} restart={() => setAt({ step: "choose", problem: "" })} />}
            </div>
        </div>
    );
}

const steps = ["choose", "look", "checked", "saved"] as const;

function Steps({ at }: { at: Step["step"] }) {
    const now = at === "busy" ? 2 : steps.indexOf(at);
    return (
        <ol class="steps">
            {steps.map((step, n) => (
                <li key={step} class={n < now ? "past" : undefined} aria-current={n === now ? "step" : undefined}>
                    <span>{t(`step_${step}`)}</span>
                </li>
            ))}
        </ol>
    );
}

function Choose({ problem, take, takeFile }: { problem: string; take: (text: string, from: string) => void; takeFile: (file: File | undefined) => Promise<void> }) {
    const [text, setText] = useState("");
    const [over, setOver] = useState(false);
    return (
        <>
            <p class="lead">{t("import_lead")}</p>
            {problem && (
                <p class="note" role="alert">
                    {problem}
                </p>
            )}
            <label
                class={over ? "drop over" : "drop"}
                onDragOver={(e) => (e.preventDefault(), setOver(true))}
                onDragLeave={() => setOver(false)}
                onDrop={(e) => {
                    e.preventDefault();
                    setOver(false);
                    void takeFile(e.dataTransfer?.files[0]);
                }}
            >
                <Icon name="upload" width="30" height="30" />
                <strong>{t("choose_file")}</strong>
                <span class="hint">{t("choose_file_hint")}</span>
                <input type="file" accept=".csv,.tsv,.txt,.vcf,text/csv,text/vcard,text/plain" onChange={(e) => void takeFile(e.currentTarget.files?.[0])} />
            </label>
            <form
                class="paste"
                onSubmit={(e) => {
                    e.preventDefault();
                    take(text, "");
                }}
            >
                <label class="field">
                    <span>{t("or_paste")}</span>
                    <textarea rows={4} dir="auto" value={text} placeholder={t("paste_example")} onInput={(e) => setText(e.currentTarget.value)} />
                </label>
                <button type="submit" class="button" disabled={text.trim() === ""}>
                    {t("use_text")}
                </button>
            </form>
        </>
    );
}

type LookAt = Extract<Step, { step: "look" }>;

function Look({ at, options, setOptions, change, restart, check }: { at: LookAt; options: Options; setOptions: (next: Options) => void; change: (columns: Columns) => void; restart: () => void; check: () => void }) {
    const { table, columns } = at;
    const { data: me } = useLoaded<Me>("/api/v1/me");
    const asksConsent = !columns.includes("consent_source");
    const ready = complete(columns) && (!asksConsent || options.consent_source.trim() === "" || options.consent_at !== "");

    function assign(column: number, field: Field | "") {
        // one column for each thing: the one that had it before lets go
        change(columns.map((was, n) => (n === column ? field : was === field ? "" : was)));
    }
    return (
        <form
            onSubmit={(e) => {
                e.preventDefault();
                check();
            }}
        >
            <p class="lead">
                {t("import_found", { count: table.rows.length })} {at.from && <bdi class="meta">{at.from}</bdi>}
            </p>
            {at.problem && (
                <p class="note" role="alert">
                    <bdi>{at.problem}</bdi>
                </p>
            )}
            <section class="panel" aria-labelledby="columns">
                <h2 id="columns">{t("columns_title")}</h2>
                <ul class="columns">
                    {table.header.map((title, n) => (
                        <li key={n}>
                            <label class="field">
                                <span>{title ? <bdi>{title}</bdi> : t("column_number", { count: n + 1 })}</span>
                                <select value={columns[n]} onChange={(e) => assign(n, e.currentTarget.value as Field | "")}>
                                    <option value="">{t("column_ignored")}</option>
                                    {fields.map((field) => (
                                        <option value={field} key={field}>
                                            {t(`col_${field}`)}
                                        </option>
                                    ))}
                                </select>
                            </label>
                            <p class="samples">
                                {table.rows.slice(0, preview_rows).map((row, r) => (
                                    <bdi key={r}>{row[n] || "–"}</bdi>
                                ))}
                            </p>
                        </li>
                    ))}
                </ul>
                {!complete(columns) && <p class="wrong" role="status">{t("columns_needed")}</p>}
            </section>
            {asksConsent && (
                <fieldset class="panel">
                    <legend>{t("consent")}</legend>
                    <p class="hint">{t("import_consent_hint")}</p>
                    <label class="field">
                        <span>{t("f_consent_source")}</span>
                        <input type="text" dir="auto" maxLength={200} value={options.consent_source} placeholder={t("f_consent_example")} autocomplete="off" onInput={(e) => setOptions({ ...options, consent_source: e.currentTarget.value })} />
                    </label>
                    <label class="field">
                        <span>{t("f_consent_at")}</span>
                        <input type="date" value={options.consent_at} max={new Date().toISOString().slice(0, 10)} required={options.consent_source.trim() !== ""} onInput={(e) => setOptions({ ...options, consent_at: e.currentTarget.value })} />
                    </label>
                </fieldset>
            )}
            {(me?.cadences.length ?? 0) > 0 && (
                <fieldset class="panel">
                    <legend>{t("f_cadence")}</legend>
                    <div class="choices">
                        {[{ name: "", title: t("cadence_none") }, ...(me?.cadences ?? [])].map((each) => (
                            <label class="choice" key={each.name}>
                                <input type="radio" name="cadence" checked={options.cadence === each.name} onChange={() => setOptions({ ...options, cadence: each.name })} />
                                <span>{each.title || each.name}</span>
                            </label>
                        ))}
                    </div>
                </fieldset>
            )}
            <div class="formfoot">
                <button type="button" class="quiet" onClick={restart}>
                    {t("back")}
                </button>
                <button type="submit" class="main" disabled={!ready}>
                    {t("check_rows")}
                </button>
            </div>
        </form>
    );
}

function Busy({ dry, job, total }: { dry: boolean; job: Job | null; total: number }) {
    const words = t(dry ? "checking_rows" : "saving_rows");
    return (
        <div class="panel" role="status">
            <p>{words}</p>
            <progress aria-label={words} max={total} {...(job === null ? {} : { value: job.done })} />
            <p class="hint">{t("rows_of", { done: job?.done ?? 0, count: total })}</p>
        </div>
    );
}

function Checked({ job, table, columns, back, save }: { job: Job; table: Table; columns: Columns; back: () => void; save: () => void }) {
    return (
        <>
            <section class="panel verdict">
                <p class="good">
                    <Icon name="check" /> {t("rows_good", { count: job.accepted })}
                </p>
                {job.rejected_count > 0 && <p>{t("rows_bad", { count: job.rejected_count })}</p>}
                <p class="hint">{t("nothing_saved_yet")}</p>
            </section>
            <Rejected job={job} table={table} columns={columns} />
            <div class="formfoot">
                <button type="button" class="quiet" onClick={back}>
                    {t("back")}
                </button>
                <button type="button" class="main" disabled={job.accepted === 0} onClick={save}>
                    {t("import_rows", { count: job.accepted })}
                </button>
            </div>
        </>
    );
}

function Saved({ job, table, columns, restart }: { job: Job; table: Table; columns: Columns; restart: () => void }) {
    return (
        <>
            <Empty icon="heart" title={t("import_done", { count: job.accepted })} text={t(job.rejected_count > 0 ? "import_done_some" : "import_done_all")}>
                <a class="main" href={href({ screen: "contacts" })}>
                    {t("see_contacts")}
                </a>
                <button type="button" class="button" onClick={restart}>
                    {t("import_more")}
                </button>
            </Empty>
            <Rejected job={job} table={table} columns={columns} />
        </>
    );
}

const shown_max = 100;

// The reasons are the server's, in the rep's language; beside them the row as the rep knows it, and all of them as a file to correct and bring again.
function Rejected({ job, table, columns }: { job: Job; table: Table; columns: Columns }) {
    if (job.rejected_count === 0) return null;
    const cell = (line: number, field: Field) => table.rows[line - 2]?.[columns.indexOf(field)] ?? "";
    const who = (line: number) => cell(line, "name") || `${cell(line, "first_name")} ${cell(line, "last_name")}`.trim() || cell(line, "phone") || t("row_number", { count: line - 1 });
    return (
        <section class="block" aria-labelledby="rejected">
            <h2 id="rejected">{t("rejected_title")}</h2>
            <ul class="rejects">
                {job.rejected.slice(0, shown_max).map((row) => (
                    <li key={row.line}>
                        <bdi class="name">{who(row.line)}</bdi>
                        <span class="meta">{rowInWords(row)}</span>
                    </li>
                ))}
            </ul>
            {job.rejected_count > shown_max && <p class="hint">{t("and_more", { count: job.rejected_count - shown_max })}</p>}
            <a class="button" href={rejectsFile(job, table)} download="rejected.csv">
                {t("rejects_file")}
            </a>
        </section>
    );
}

function rejectsFile(job: Job, table: Table): string {
    // a cell that a spreadsheet would run as a formula is defused
    const quoted = (cell: string) => `"${(/^[=+\-@\t\r]/.test(cell) ? "'" : "") + cell.replace(/"/g, '""')}"`;
    const lines = [[...table.header, "reason"], ...job.rejected.map((row) => [...(table.rows[row.line - 2] ?? []), plain(rowInWords(row))])];
    return `data:text/csv;charset=utf-8,${encodeURIComponent("\ufeff" + lines.map((row) => row.map(quoted).join(",")).join("\r\n"))}`;
}
