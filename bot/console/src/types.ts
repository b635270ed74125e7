// The shapes of the REST API, as far as the console reads them.
export type Section = "replied" | "good_from" | "promised" | "unlogged" | "silent" | "later" | "question";
export type PromptKind = "no_warmup" | "silent" | "undelivered" | "retry" | "promised" | "unanswered_question" | "replied" | "they_called";
export type ReplyStatus = "none" | "queued" | "sent" | "delivered" | "read" | "replied" | "undeliverable" | "unknown" | "opted_out";

export type Preferences = { from?: string | null; to?: string | null; reach?: string; if_lost?: string };

export type PromptContact = {
    id: number;
    name: string;
    first_name: string;
    phone: string | null;
    time_zone: string | null;
    local_time?: string | null;
    language?: string;
    topic?: string;
    preferences?: Preferences;
    delivery?: ReplyStatus;
};

export type Suggestion = { label: string; at: string };
export type Suggestions = Partial<Record<"no_answer" | "talked" | "callback", Suggestion[]>>;

// A call that the provider carried, as its line knows it.
export type Line = { state: "ringing" | "completed" | "no_answer" | "busy" | "failed" | "not_rung"; seconds: number };

export type Prompt = {
    id: number;
    kind: PromptKind;
    section: Section;
    reason: string;
    words: string;
    question?: "stop" | "send" | null;
    contact: PromptContact;
    outreach: number;
    phase: string;
    rep: string;
    owner: string;
    raised_at: string;
    due_at: string;
    good_from: string | null;
    attempt: number;
    script: string[];
    claimed_by: string | null;
    claimed_until: string | null;
    acknowledged_at: string | null;
    owner_name?: string | null;
    replied_at?: string | null;
    called_at?: string | null;
    called_by?: string | null;
    called_by_name?: string | null;
    line?: Line | null;
    suggestions?: Suggestions;
};

export type Rep = { id: string; name: string; zone: string; language: string };

export type ActionKind = "send" | "wait_then_call" | "call" | "log_outcome" | "answer_question" | "resume";
export type Later = { contact: PromptContact; due_at: string; kind?: ActionKind; sentence: string };
export type Done = { contact: PromptContact; at: string; outcome?: string; text: string };

export type Today = {
    rep: Rep;
    now: string;
    called: number;
    total: number;
    reached: number;
    prompts: Prompt[];
    unlogged: Prompt[];
    later: Later[];
    done: Done[];
    provider_ok: boolean;
    messages_waiting: number;
    bridge?: boolean;  // the Call button rings the rep's phone, then the contact's
};

export type Disposition = {
    reached: "human" | "someone_else" | "machine" | "no_answer" | "busy" | "rejected" | "bad_number";
    said: "talked" | "busy_now" | "callback_asked" | "not_interested" | "stop" | "wrong_person" | "agreed_next" | null;
    next_at: string | null;
    topic: string;
    leave_message: boolean;
    won: boolean;
};

export type Phase = "planned" | "warming" | "call_due" | "on_call" | "wrap_up" | "waiting" | "held" | "closed";
export type Outreach = {
    id: number;
    cadence: string;
    phase: Phase;
    reason: string | null;
    round: number;
    attempt: number;
    until: string | null;
    promise: { at: string; topic: string } | null;
};
export type TimelineRow = { id: number; at: string; actor: string; what: string; text: string };
// `covers`: the ways they agreed to ("whatsapp", "sms", a channel's name); none: every way.
export type Consent = { source: string; at: string; text: string; covers: string[] };
export type Contact = {
    id: number;
    name: string;
    first_name: string;
    phone: string | null;
    whatsapp: string | null;
    rep: string;
    language: string;
    time_zone: string | null;
    time_zones: string[];
    zone_known: boolean;
    topic: string;
    preferences: Preferences;
    consent: Consent | null;
    opted_out: boolean;
    reply_status: ReplyStatus;
    last_reply: { at: string; words: string; kind: string } | null;
    outreach: Outreach | null;
    next_action: { kind: ActionKind; owner: string; due_at: string; sentence: string } | null;
    prompt: Prompt | null;
    timeline?: TimelineRow[];
};
export type Page<T> = { items: T[]; next: string | null };
export type Me = { rep: Rep | null; cadences: { name: string; title: string }[]; reps: { id: string; name: string }[] };
export type Said = { at: string; from_contact: boolean; text: string; kind: string; status: ReplyStatus | null };
export type Conversation = { items: Said[]; window_open_until: string | null; may_write: boolean; why_not: string | null; why_not_code: string | null };
export type Job = {
    state: "running" | "done" | "failed";
    stage: string;
    dry_run: boolean;
    total: number;
    done: number;
    accepted: number;
    rejected: Reject[];
    rejected_count: number;
    columns: string[];
    problem: string | null;
};

// What is wrong, in English and as a code with what the sentence names.
export type Wrong = { code?: string; values?: Record<string, string> };
export type Reject = Wrong & { line: number; reason: string; more?: Wrong[] };
export type FieldError = Wrong & { field: string; detail: string };
export type Problem = { type?: string; title?: string; status?: number; detail?: string; holder?: string; holder_id?: string; contact_id?: number; errors?: FieldError[] };
