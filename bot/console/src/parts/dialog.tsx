// The browser's own modal dialog: it keeps the focus inside, closes on Escape and gives the focus back.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
    const box = useRef<HTMLDialogElement>(null);
    useEffect(() => {
        const dialog = box.current;
        if (dialog === null) return;
        const opener = document.activeElement;
        dialog.showModal();
        return () => {
            dialog.close();
            if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
        };
    }, []);
    return (
        <dialog
            ref={box}
            class="sheet"
            aria-labelledby="sheet-title"
            onCancel={(event) => {
                event.preventDefault();
                close();
            }}
        >
            <h2 id="sheet-title" tabIndex={-1} autofocus>
                {title}
            </h2>
            {children}
        </dialog>
    );
}
