import type { JSX } from "preact";

const paths = {
    phone: "M5 4h3.2l1.6 4.2-2 1.5a12 12 0 0 0 6.5 6.5l1.5-2 4.2 1.6V19a1.8 1.8 0 0 1-2 1.8A16 16 0 0 1 3.2 6 1.8 1.8 0 0 1 5 4Z",
    clock: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM12 7.5V12l3 2",
    list: "M4.5 6.5h15M4.5 12h15M4.5 17.5h9",
    people: "M9 11a3.4 3.4 0 1 0 0-6.8A3.4 3.4 0 0 0 9 11Zm-6 8.5c0-3.3 2.6-5.3 6-5.3s6 2 6 5.3M16 11.2a3 3 0 0 0 0-6M17.6 14.6c2 .6 3.4 2.3 3.4 4.9",
    person: "M12 11.5a3.8 3.8 0 1 0 0-7.6 3.8 3.8 0 0 0 0 7.6ZM5 20c0-3.7 3.1-6 7-6s7 2.3 7 6",
    gear: "M12 15.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M5.6 18.4l2.1-2.1M16.3 7.7l2.1-2.1",
    back: "M14.5 5.5 8 12l6.5 6.5",
    forward: "M9.5 5.5 16 12l-6.5 6.5",
    chat: "M5 5h14a1.5 1.5 0 0 1 1.5 1.5v9A1.5 1.5 0 0 1 19 17h-7l-4.5 3.5V17H5a1.5 1.5 0 0 1-1.5-1.5v-9A1.5 1.5 0 0 1 5 5Z",
    check: "M5 12.5 10 17.5 19.5 7",
    sun: "M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
    cup: "M5 9h11v6a4.5 4.5 0 0 1-4.5 4.5h-2A4.5 4.5 0 0 1 5 15V9Zm11 1.5h1.5a2.5 2.5 0 0 1 0 5H16M8 3.5c-.8 1 .8 1.8 0 3M12 3.5c-.8 1 .8 1.8 0 3",
    cloud: "M7 18.5h10a4 4 0 0 0 .6-8A6 6 0 0 0 6.2 9.2 4.7 4.7 0 0 0 7 18.5ZM4 4l16 16",
    key: "M8.5 15.5a4 4 0 1 1 3.6-5.8H20v3h-2v2.5h-3v-2.5h-2.9a4 4 0 0 1-3.6 2.8Z",
    heart: "M12 19.5S4 15 4 9.4A4.2 4.2 0 0 1 12 7.5a4.2 4.2 0 0 1 8 1.9c0 5.6-8 10.1-8 10.1Z",
    plus: "M12 5v14M5 12h14",
    search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20 20",
    upload: "M12 15V4M7.5 8.5 12 4l4.5 4.5M4.5 15v3a2 2 0 0 0 2 2h11a2 2 0 0 0 2-2v-3",
    pen: "M5 19l1-4L16.5 4.5a1.8 1.8 0 0 1 3 3L9 18l-4 1Z",
    send: "M4.5 12 20 4.5 15.5 20l-3.6-6.2L4.5 12Z",
    chart: "M4.5 19.5h15M7 19v-6M12 19V5M17 19v-9",
} as const;

export type IconName = keyof typeof paths;

// Decoration only: the words beside it, or the label of its button, carry the meaning.
export function Icon({ name, ...rest }: { name: IconName } & JSX.SVGAttributes<SVGSVGElement>) {
    return (
        <svg class="icon" viewBox="0 0 24 24" width="22" height="22" fill="none" stroke="currentColor" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" {...rest}>
            <path d={paths[name]} />
        </svg>
    );
}
