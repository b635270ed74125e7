// The one-time token is after the '#': it reaches no server, no log and no mail scanner until the rep presses the button.
import { storedLanguage } from "./choices";

const words = {
    en: { title: "Welcome back", code: "Sign-in code", text: "One tap and this phone is signed in.", button: "Sign in on this phone", busy: "Signing in…", stale: "This link has been used or is too old. Ask for a new one.", none: "Paste the sign-in code you were given.", down: "The server cannot be reached. Try again.", not_here: "Signing in does not work on this page. Open the link you were given itself, on this phone.", often: "Too many links were tried here that do not work. Wait a minute, then ask for a new one." },
    hi: { title: "फिर से स्वागत है", code: "साइन-इन कोड", text: "एक टैप और यह फ़ोन साइन इन हो जाएगा।", button: "इस फ़ोन पर साइन इन करें", busy: "साइन इन हो रहा है…", stale: "यह लिंक पुराना है या इस्तेमाल हो चुका है। नया लिंक माँगें।", none: "आपको मिला साइन-इन कोड यहाँ डालें।", down: "सर्वर तक पहुँच नहीं है। फिर कोशिश करें।", not_here: "इस पेज पर साइन इन नहीं हो सकता। मिला हुआ लिंक ही इस फ़ोन पर खोलें।", often: "यहाँ बहुत सारे ऐसे लिंक आज़माए गए जो काम नहीं करते। एक मिनट रुकें, फिर नया लिंक माँगें।" },
    ar: { title: "أهلًا بعودتك", code: "رمز الدخول", text: "لمسة واحدة ويُسجَّل دخول هذا الهاتف.", button: "سجّل الدخول على هذا الهاتف", busy: "جارٍ تسجيل الدخول…", stale: "استُخدم هذا الرابط أو انتهت صلاحيته. اطلب رابطًا جديدًا.", none: "ألصق رمز الدخول الذي وصلك.", down: "تعذّر الوصول إلى الخادم. حاول مرة أخرى.", not_here: "لا يمكن تسجيل الدخول من هذه الصفحة. افتح الرابط الذي وصلك نفسه على هذا الهاتف.", often: "جُرّبت هنا روابط كثيرة لا تعمل. انتظر دقيقة ثم اطلب رابطًا جديدًا." },
} as const;

const say = words[storedLanguage()];
const form = document.querySelector("form");
const code = document.querySelector<HTMLInputElement>("input[name=token]");
const button = document.querySelector("button");
const note = document.querySelector<HTMLElement>("[role=status]");
const field = document.querySelector<HTMLElement>(".field");

if (form && code && button && note && field) {
    const token = new URLSearchParams(location.hash.slice(1)).get("t") ?? "";
    const title = document.querySelector("h1");
    const text = document.querySelector("#explain");
    if (title) title.textContent = say.title;
    if (text) text.textContent = token ? say.text : say.none;
    const label = field.querySelector("span");
    if (label) label.textContent = say.code;
    button.textContent = say.button;
    code.value = token;
    field.hidden = token !== "";
    // neither the history nor a screenshot keeps it
    history.replaceState(null, "", location.pathname);

    form.addEventListener("submit", (event) => {
        event.preventDefault();
        void signIn(code.value.trim());
    });

    const signIn = async (token: string) => {
        button.disabled = true;
        note.textContent = say.busy;
        try {
            const response = await fetch("/login", {
                method: "POST",
                headers: { "Content-Type": "application/json", "X-Requested-With": "warmcall" },
                body: JSON.stringify({ token }),
            });
            if (response.ok) {
                location.replace("/");
                return;
            }
            // only a no to this code spends it; with anything else the same button may work in a moment
            if (response.status === 401) {
                note.textContent = say.stale;
                if (text) text.textContent = say.none;
                code.value = "";
                field.hidden = false;
            } else {
                note.textContent = response.status === 429 ? say.often : response.status >= 500 ? say.down : say.not_here;
            }
        } catch {
            note.textContent = say.down;
        }
        button.disabled = false;
    };
}
