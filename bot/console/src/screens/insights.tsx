// What the rep's own calls say. A picture first, then the sentence it comes to, and the numbers as a table for whoever reads those better.
// Nobody else's numbers are here, and where there is too little to say, it says so.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { type Key, region, t } from "../i18n";
import type { ScreenProps } from "../lazy";
import { useLoaded } from "../load";
import { Empty, Skeleton } from "../parts/states";
import { hourName, shortDate, span, weekdayName } from "../time";

type Reached = { calls: number; reached: number };
export type Found = {
    days: (Reached & { date: string })[];
    after_reply: Reached;
    without_reply: Reached;
    tries: number[];
    hours: (Reached & { weekday: number; hour: number })[];
    promises: { kept: number; late: number; open: number };
    reply_to_call: { up_to_min: number[]; calls: number[]; median_min: number | null };
};

const spans = [7, 28, 90];
const sum = (all: number[]) => all.reduce((a, b) => a + b, 0);
const percent = (share: number) => share.toLocaleString(region(), { style: "percent", maximumFractionDigits: 0 });
const rate = ({ calls, reached }: Reached) => (calls === 0 ? 0 : reached / calls);
const number = (n: number) => n.toLocaleString(region());

// Fewer than these and a picture would tell a story that is not there.
const enough = { compare: 5, hours: 20, tries: 5, replies: 5, promises: 1 };

export default function Insights({ wide: _ }: ScreenProps) {
    const [days, setDays] = useState(28);
    const { status, data, again } = useLoaded<Found>(`/api/v1/insights?days=${days}`);
    return (
        <div class="pane">
            <header class="top">
                <h1 tabIndex={-1}>{t("insights")}</h1>
            </header>
            <fieldset class="choices spans">
                <legend class="hidden">{t("time_span")}</legend>
                {spans.map((each) => (
                    <label class="choice" key={each}>
                        <input type="radio" name="span" checked={days === each} onChange={() => setDays(each)} />
                        <span>{t("last_days", { count: each })}</span>
                    </label>
                ))}
            </fieldset>
            {data === null && status === "loading" && <Skeleton />}
            {data === null && status !== "loading" && (
                <Empty icon="cloud" title={t("screen_failed_title")} text={t(status === "offline" ? "needs_signal" : "server_trouble")}>
                    <button type="button" class="button" onClick={again}>
                        {t("try_again")}
                    </button>
                </Empty>
            )}
            {data !== null && <Pictures data={data} />}
        </div>
    );
}

function Pictures({ data }: { data: Found }) {
    const calls = sum(data.days.map((d) => d.calls));
    if (calls === 0) return <Empty icon="chart" title={t("no_calls_title")} text={t("no_calls_text")} />;
    return (
        <>
            <p class="lead">{t("insights_lead")}</p>
            <div class="pictures">
                <Days data={data} />
                <PickUp data={data} />
                <Hours data={data} />
                <Tries data={data} />
                <Promises data={data} />
                <ReplyToCall data={data} />
            </div>
        </>
    );
}

type Told = { name: Key; says: string; missing?: number; head?: string[]; rows?: (string | number)[][]; children?: ComponentChildren };

// `missing`: how many more are needed before the picture means anything.
function Picture({ name, says, missing = 0, head = [], rows = [], children }: Told) {
    const id = `picture-${name}`;
    return (
        <section class="panel picture" aria-labelledby={id}>
            <h2 id={id}>{t(name)}</h2>
            {missing > 0 ? (
                <p class="toolittle">{t("too_little", { count: missing })}</p>
            ) : (
                <>
                    {children}
                    <p class="says">{says}</p>
                    <details>
                        <summary>{t("as_table")}</summary>
                        <div class="scroll" tabIndex={0} role="group" aria-labelledby={id}>
                            <table>
                                <thead>
                                    <tr>
                                        {head.map((each) => (
                                            <th scope="col" key={each}>
                                                {each}
                                            </th>
                                        ))}
                                    </tr>
                                </thead>
                                <tbody>
                                    {rows.map(([first, ...rest], n) => (
                                        <tr key={n}>
                                            <th scope="row">{first}</th>
                                            {rest.map((cell, m) => (
                                                <td key={m}>{typeof cell === "number" ? number(cell) : cell}</td>
                                            ))}
                                        </tr>
                                    ))}
                                </tbody>
                            </table>
                        </div>
                    </details>
                </>
            )}
        </section>
    );
}

// A picture carries no words of its own, so that it may run the other way in Arabic.
function Svg({ width, height, children }: { width: number; height: number; children: ComponentChildren }) {
    return (
        <svg class="chart" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
            {children}
        </svg>
    );
}

const bar_height = 100;

function Days({ data: { days } }: { data: Found }) {
    const most = Math.max(1, ...days.map((d) => d.calls));
    const step = 10;
    const calls = sum(days.map((d) => d.calls));
    const reached = sum(days.map((d) => d.reached));
    return (
        <Picture
            name="p_days"
            says={t("s_days", { count: calls, reached })}
            head={[t("h_day"), t("h_calls"), t("h_reached")]}
            rows={days.filter((d) => d.calls > 0).reverse().map((d) => [shortDate(d.date), d.calls, d.reached])}
        >
            <Svg width={days.length * step} height={bar_height}>
                {days.map((d, n) => {
                    const all = (d.calls / most) * (bar_height - 2);
                    const spoke = (d.reached / most) * (bar_height - 2);
                    return (
                        <g key={d.date}>
                            <rect class="mark-none" x={n * step + 1} width={step - 2} y={bar_height - 2} height={2} />
                            <rect class="mark-half" x={n * step + 1} width={step - 2} y={bar_height - all} height={all} />
                            <rect class="mark-full" x={n * step + 1} width={step - 2} y={bar_height - spoke} height={spoke} />
                        </g>
                    );
                })}
            </Svg>
            <p class="axis">
                <span>{shortDate(days[0]?.date ?? "")}</span>
                <span>{shortDate(days[days.length - 1]?.date ?? "")}</span>
            </p>
            <p class="legend">
                <span class="key full">{t("h_reached")}</span> <span class="key half">{t("l_not_reached")}</span>
            </p>
        </Picture>
    );
}

function Bar({ label, share, said }: { label: string; share: number; said: string }) {
    return (
        <div class="bar">
            <p>
                <span>{label}</span> <strong>{said}</strong>
            </p>
            <Svg width={100} height={10}>
                <rect class="mark-none" x={0} y={0} width={100} height={10} />
                <rect class="mark-full" x={0} y={0} width={share * 100} height={10} />
            </Svg>
        </div>
    );
}

function PickUp({ data: { after_reply: after, without_reply: without } }: { data: Found }) {
    const missing = Math.max(0, enough.compare - after.calls) + Math.max(0, enough.compare - without.calls);
    const better = rate(after) - rate(without);
    const says = Math.abs(better) < 0.05 ? "s_pickup_same" : better > 0 ? "s_pickup_better" : "s_pickup_worse";
    return (
        <Picture
            name="p_pickup"
            missing={missing}
            says={t(says, { after: percent(rate(after)), without: percent(rate(without)) })}
            head={[t("h_before"), t("h_calls"), t("h_reached")]}
            rows={[
                [t("l_after_reply"), after.calls, after.reached],
                [t("l_without_reply"), without.calls, without.reached],
            ]}
        >
            <Bar label={t("l_after_reply")} share={rate(after)} said={percent(rate(after))} />
            <Bar label={t("l_without_reply")} share={rate(without)} said={percent(rate(without))} />
        </Picture>
    );
}

const levels = 4;

function Hours({ data: { hours } }: { data: Found }) {
    const calls = sum(hours.map((h) => h.calls));
    const from = Math.min(9, ...hours.map((h) => h.hour));
    const to = Math.max(18, ...hours.map((h) => h.hour));
    const columns = to - from + 1;
    const byHour = Array.from({ length: columns }, (_, n) => {
        const those = hours.filter((h) => h.hour === from + n);
        return { hour: from + n, calls: sum(those.map((h) => h.calls)), reached: sum(those.map((h) => h.reached)) };
    });
    const best = byHour.filter((h) => h.calls >= 3).sort((a, b) => rate(b) - rate(a) || b.calls - a.calls)[0];
    const cell = (weekday: number, hour: number) => hours.find((h) => h.weekday === weekday && h.hour === hour);
    return (
        <Picture
            name="p_hours"
            missing={Math.max(0, enough.hours - calls)}
            says={best ? t("s_hours", { time: hourName(best.hour), share: percent(rate(best)) }) : t("s_hours_even")}
            head={[t("h_hour"), t("h_calls"), t("h_reached")]}
            rows={byHour.filter((h) => h.calls > 0).map((h) => [hourName(h.hour), h.calls, h.reached])}
        >
            <div class="heat">
                <p class="heatdays" aria-hidden="true">
                    {Array.from({ length: 7 }, (_, day) => (
                        <span key={day}>{weekdayName(day)}</span>
                    ))}
                </p>
                <Svg width={columns * 10} height={70}>
                    {Array.from({ length: 7 }, (_, weekday) =>
                        byHour.map(({ hour }, n) => {
                            const found = cell(weekday, hour);
                            const level = found === undefined ? "none" : String(Math.round(rate(found) * levels));
                            return <rect key={hour} class={`heat-${level}`} x={n * 10 + 0.5} y={weekday * 10 + 0.5} width={9} height={9} />;
                        }),
                    )}
                </Svg>
            </div>
            <p class="axis heataxis">
                <span>{hourName(from)}</span>
                <span>{hourName(to + 1)}</span>
            </p>
            <p class="legend">
                <span class="key heat-0">{t("l_nobody")}</span> <span class="key heat-4">{t("l_everybody")}</span>
            </p>
        </Picture>
    );
}

function Columns({ values }: { values: number[] }) {
    const most = Math.max(1, ...values);
    return (
        <Svg width={values.length * 20} height={bar_height}>
            {values.map((value, n) => (
                <g key={n}>
                    <rect class="mark-none" x={n * 20 + 2} width={16} y={bar_height - 2} height={2} />
                    <rect class="mark-full" x={n * 20 + 2} width={16} y={bar_height - (value / most) * (bar_height - 2)} height={(value / most) * (bar_height - 2)} />
                </g>
            ))}
        </Svg>
    );
}

function Under({ words }: { words: string[] }) {
    return (
        <p class="axis even">
            {words.map((word) => (
                <span key={word}>{word}</span>
            ))}
        </p>
    );
}

function Tries({ data: { tries } }: { data: Found }) {
    const reached = sum(tries);
    const later = reached - (tries[0] ?? 0);
    const names = tries.map((_, n) => (n === tries.length - 1 ? t("try_or_more", { count: n + 1 }) : number(n + 1)));
    return (
        <Picture name="p_tries" missing={Math.max(0, enough.tries - reached)} says={later > 0 ? t("s_tries", { share: percent(later / reached) }) : t("s_tries_first")} head={[t("h_try"), t("h_reached")]} rows={tries.map((value, n) => [names[n] ?? "", value])}>
            <Columns values={tries} />
            <Under words={names} />
        </Picture>
    );
}

function Promises({ data: { promises } }: { data: Found }) {
    const due = promises.kept + promises.late + promises.open;
    return (
        <Picture
            name="p_promises"
            missing={Math.max(0, enough.promises - due)}
            says={t(promises.kept === due ? "s_promises_all" : "s_promises", { count: due, kept: promises.kept })}
            head={[t("h_promise"), t("h_calls")]}
            rows={[
                [t("l_kept"), promises.kept],
                [t("l_late"), promises.late],
                [t("l_open"), promises.open],
            ]}
        >
            <Bar label={t("l_kept")} share={due === 0 ? 0 : promises.kept / due} said={t("of_all", { done: promises.kept, count: due })} />
        </Picture>
    );
}

function ReplyToCall({ data: { reply_to_call: found } }: { data: Found }) {
    const replies = sum(found.calls);
    const names = found.calls.map((_, n) => (n < found.up_to_min.length ? t("up_to", { time: span(found.up_to_min[n] ?? 0) }) : t("longer")));
    return (
        <Picture
            name="p_reply"
            missing={Math.max(0, enough.replies - replies)}
            says={t("s_reply", { time: span(found.median_min ?? 0) })}
            head={[t("h_minutes"), t("h_calls")]}
            rows={found.calls.map((value, n) => [names[n] ?? "", value])}
        >
            <Columns values={found.calls} />
            <Under words={names} />
        </Picture>
    );
}
