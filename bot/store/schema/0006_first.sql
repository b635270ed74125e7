-- The schema a new installation starts with (steps 1 to 5 became part of it before anything was released). Times are milliseconds since 1970, UTC. Closed sets are words.
-- What every event touches (inbox, outreach, outbox) is kept narrow and apart from what it does not.

------------------------------------------------------------------ what came in

-- One webhook POST as it came. Append-only until it is older than anything could ask for.
CREATE TABLE delivery (
    id          INTEGER PRIMARY KEY,
    channel     TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    body        BLOB    NOT NULL
) STRICT;

-- What has been decided already. The key begins with the provider's own timestamp, so inserts touch the last pages only,
-- and the key alone is the row: a second tree would double the cost of the busiest table.
CREATE TABLE inbox (
    event_key BLOB    NOT NULL PRIMARY KEY CHECK (length(event_key) > 0),
    delivery  INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
    id       INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL,
    reason   TEXT    NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

-- Receipts for messages not known yet.
CREATE TABLE parked (
    id           INTEGER PRIMARY KEY,
    channel      TEXT    NOT NULL,
    provider_id  TEXT    NOT NULL CHECK (provider_id <> ''),
    parked_at    INTEGER NOT NULL,
    queued_at    INTEGER,
    claimed_at   INTEGER,
    unknown_at   INTEGER,
    accepted_at  INTEGER,
    sent_at      INTEGER,
    delivered_at INTEGER,
    read_at      INTEGER,
    failed_at    INTEGER,
    failed_code  INTEGER,
    failed_class TEXT CHECK ((failed_class = 'retry' OR failed_class = 'slow_down' OR failed_class = 'permanent' OR failed_class = 'suppress' OR failed_class = 'needs_window' OR failed_class = 'template_fault' OR failed_class = 'config')),
    facts_id     TEXT
) STRICT;
CREATE INDEX parked_by_id ON parked (provider_id, channel);
CREATE INDEX parked_by_age ON parked (parked_at);

------------------------------------------------------------------ people

-- What they agreed to, and took back. Never changed, never deleted.
CREATE TABLE consent (
    id         INTEGER PRIMARY KEY,
    contact_id INTEGER NOT NULL REFERENCES contact (id),
    given      INTEGER NOT NULL CHECK (given IN (0, 1)),
    source     TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    text       TEXT    NOT NULL,
    covers     TEXT    NOT NULL DEFAULT ''  -- ways, one word a line: 'whatsapp', 'sms' or a channel's name; nothing: every way
) STRICT;
CREATE TRIGGER consent_is_not_changed BEFORE UPDATE ON consent BEGIN SELECT RAISE(ABORT, 'consent only grows'); END;
CREATE TRIGGER consent_is_not_deleted BEFORE DELETE ON consent BEGIN SELECT RAISE(ABORT, 'consent only grows'); END;

CREATE TABLE contact (
    id                      INTEGER PRIMARY KEY,
    name                    TEXT    NOT NULL,
    name_folded             TEXT    NOT NULL,  -- for the search: no case, no accents
    owner                   TEXT    NOT NULL,
    language                TEXT    NOT NULL,
    zones                   TEXT    NOT NULL,  -- one a line
    zone_source             TEXT    NOT NULL CHECK ((zone_source = 'given' OR zone_source = 'number' OR zone_source = 'unknown')),
    region                  TEXT    NOT NULL,
    best_from               INTEGER CHECK (best_from BETWEEN 0 AND 1440),
    best_to                 INTEGER CHECK (best_to BETWEEN 0 AND 1440),
    reach                   TEXT    NOT NULL,
    if_lost                 TEXT    NOT NULL,
    topic                   TEXT    NOT NULL,
    consent_id              INTEGER REFERENCES consent (id),                       -- the newest row of theirs
    suppressions            INTEGER NOT NULL DEFAULT 0 CHECK (suppressions >= 0),  -- how many there are: mostly none, and
    windows                 INTEGER NOT NULL DEFAULT 0 CHECK (windows >= 0),       -- then nobody need look
    whatsapp_unreachable_at INTEGER,
    last_wellbeing_at       INTEGER,
    last_call_me_back_at    INTEGER,
    last_reply_at           INTEGER,
    merged_into             INTEGER REFERENCES contact (id) CHECK (merged_into <> id),
    last_line               INTEGER,  -- of the timeline, outside of any outreach
    version                 INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX contact_by_owner ON contact (owner);
CREATE INDEX contact_by_merge ON contact (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE address (
    kind       TEXT    NOT NULL CHECK ((kind = 'phone' OR kind = 'whatsapp' OR kind = 'whatsapp_user')),
    value      TEXT    NOT NULL CHECK (value <> ''),
    contact_id INTEGER NOT NULL REFERENCES contact (id),
    alias      INTEGER NOT NULL CHECK (alias IN (0, 1)),  -- 1: the same line written otherwise; leads here, is not written to
    position   INTEGER NOT NULL,
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX address_by_contact ON address (contact_id, alias, position);

CREATE TABLE suppression (
    id            INTEGER PRIMARY KEY,
    contact_id    INTEGER NOT NULL REFERENCES contact (id),
    scope         TEXT    NOT NULL CHECK ((scope = 'address' OR scope = 'channel' OR scope = 'all')),
    address_kind  TEXT    NOT NULL CHECK ((address_kind = 'phone' OR address_kind = 'whatsapp' OR address_kind = 'whatsapp_user')),
    address_value TEXT    NOT NULL,
    channel       TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    CHECK (scope <> 'address' OR address_value <> ''),
    CHECK (scope <> 'channel' OR channel <> '')
) STRICT;
CREATE INDEX suppression_by_contact ON suppression (contact_id);

-- Until when free-form text may go to them, by channel.
CREATE TABLE contact_window (
    contact_id INTEGER NOT NULL REFERENCES contact (id),
    channel    TEXT    NOT NULL,
    until_at   INTEGER NOT NULL,
    PRIMARY KEY (contact_id, channel)
) STRICT, WITHOUT ROWID;

------------------------------------------------------------------ the method

-- Invariant I1: while an outreach is live there is one next action, with an owner and a due time.
CREATE TABLE outreach (
    id            INTEGER PRIMARY KEY,
    contact_id    INTEGER NOT NULL REFERENCES contact (id),
    live          INTEGER NOT NULL CHECK (live = (phase <> 'closed')),  -- what the trees below go by: it changes once, the phase often
    phase         TEXT    NOT NULL CHECK ((phase = 'planned' OR phase = 'warming' OR phase = 'call_due' OR phase = 'on_call' OR phase = 'wrap_up' OR phase = 'waiting' OR phase = 'held' OR phase = 'closed')),
    phase_by      TEXT,
    phase_at      INTEGER,
    phase_reason  TEXT,
    next_kind     TEXT CHECK ((next_kind = 'send' OR next_kind = 'wait_then_call' OR next_kind = 'call' OR next_kind = 'log_outcome' OR next_kind = 'answer_question' OR next_kind = 'resume')),
    next_owner    TEXT CHECK (next_owner <> ''),
    next_due_at   INTEGER,
    wake_at       INTEGER,
    round         INTEGER NOT NULL CHECK (round >= 1),
    attempt       INTEGER NOT NULL CHECK (attempt >= 0),
    rerouted      INTEGER NOT NULL CHECK (rerouted IN (0, 1)),
    replied_at    INTEGER,
    promise_at    INTEGER,
    promise_topic TEXT,
    enrolled_at   INTEGER NOT NULL,
    cadence       TEXT    NOT NULL,
    last_line     INTEGER,  -- of the timeline
    version       INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT a_live_outreach_has_a_next_action CHECK (
        phase = 'closed' OR (next_kind IS NOT NULL AND next_owner IS NOT NULL AND next_due_at IS NOT NULL AND wake_at IS NOT NULL)),
    CONSTRAINT a_closed_outreach_has_a_reason CHECK (
        phase <> 'closed' OR (phase_at IS NOT NULL AND phase_reason IS NOT NULL
            AND (phase_reason = 'won' OR phase_reason = 'said_no' OR phase_reason = 'wrong_person' OR phase_reason = 'no_reachable_address' OR phase_reason = 'opted_out' OR phase_reason = 'merged'))),
    CONSTRAINT a_deferral_has_a_reason_and_an_end CHECK (
        phase <> 'held' OR (phase_at IS NOT NULL AND phase_reason IS NOT NULL
            AND (phase_reason = 'automatic_reply' OR phase_reason = 'perhaps_stop' OR phase_reason = 'by_rep' OR phase_reason = 'no_template'))),
    CONSTRAINT a_call_has_a_caller CHECK (phase NOT IN ('on_call', 'wrap_up') OR (phase_by IS NOT NULL AND phase_at IS NOT NULL)),
    CHECK ((promise_at IS NULL) = (promise_topic IS NULL))
) STRICT;
CREATE UNIQUE INDEX outreach_one_live ON outreach (contact_id) WHERE live = 1;
CREATE INDEX outreach_past ON outreach (contact_id) WHERE live = 0;
-- Mostly the service wakes when the action is due, and `wake` finds both; this one holds the others only.
CREATE INDEX outreach_by_due ON outreach (next_due_at, next_owner) WHERE live = 1 AND next_due_at <> wake_at;
CREATE INDEX outreach_in_call ON outreach (next_due_at) WHERE phase IN ('on_call', 'wrap_up');

-- Whom to look at, and when. A live outreach has a line no later than its wake_at. A line that has become too early, since
-- that time moved on, is put right when it is met: so most receipts and replies write nothing here.
CREATE TABLE wake (
    at          INTEGER NOT NULL,
    outreach_id INTEGER NOT NULL,
    PRIMARY KEY (at, outreach_id)
) STRICT, WITHOUT ROWID;

-- One outgoing text. (outreach, round, step) is there once, unless it was cancelled before it was claimed (invariant I2);
-- the same tree finds the messages of a round, which is why `cancelled_id` is in it instead of a WHERE.
CREATE TABLE outbox (
    id            INTEGER PRIMARY KEY,
    contact_id    INTEGER NOT NULL REFERENCES contact (id),
    outreach_id   INTEGER REFERENCES outreach (id),  -- none: the confirmation of a stop outside any outreach
    round         INTEGER NOT NULL,
    step          INTEGER NOT NULL,
    cancelled_id  INTEGER NOT NULL DEFAULT 0,
    kind          TEXT    NOT NULL CHECK ((kind = 'wellbeing' OR kind = 'call_me_back' OR kind = 'stop_confirmation' OR kind = 'conversation')),
    state         TEXT    NOT NULL CHECK ((state = 'queued' OR state = 'claimed' OR state = 'unknown' OR state = 'settled' OR state = 'cancelled')),
    not_before    INTEGER NOT NULL,
    not_after     INTEGER NOT NULL,
    tries         INTEGER NOT NULL CHECK (tries >= 0),
    token         BLOB CHECK (length(token) = 16),
    lease_until   INTEGER,
    queued_at     INTEGER,
    claimed_at    INTEGER,
    unknown_at    INTEGER,
    accepted_at   INTEGER,
    sent_at       INTEGER,
    delivered_at  INTEGER,
    read_at       INTEGER,
    failed_at     INTEGER,
    failed_code   INTEGER,
    failed_class  TEXT CHECK ((failed_class = 'retry' OR failed_class = 'slow_down' OR failed_class = 'permanent' OR failed_class = 'suppress' OR failed_class = 'needs_window' OR failed_class = 'template_fault' OR failed_class = 'config')),
    provider_id   TEXT CHECK (provider_id <> ''),
    channel       TEXT    NOT NULL,
    to_kind       TEXT    NOT NULL CHECK ((to_kind = 'phone' OR to_kind = 'whatsapp' OR to_kind = 'whatsapp_user')),
    to_value      TEXT    NOT NULL,
    template_name TEXT    NOT NULL,
    language      TEXT    NOT NULL,
    text          TEXT    NOT NULL,
    rendered      TEXT,  -- what they read
    CONSTRAINT a_claim_has_a_token_and_a_lease CHECK (state <> 'claimed' OR (token IS NOT NULL AND lease_until IS NOT NULL)),
    CONSTRAINT only_a_claim_has_a_lease CHECK (state = 'claimed' OR lease_until IS NULL),
    CONSTRAINT a_cancelled_message_frees_its_step CHECK (cancelled_id = CASE state WHEN 'cancelled' THEN id ELSE 0 END),
    CHECK ((failed_at IS NULL) = (failed_code IS NULL) AND (failed_at IS NULL) = (failed_class IS NULL))
) STRICT;
CREATE UNIQUE INDEX outbox_step_key ON outbox (outreach_id, round, step, cancelled_id);
CREATE UNIQUE INDEX outbox_token ON outbox (token) WHERE token IS NOT NULL;
CREATE INDEX outbox_by_provider_id ON outbox (provider_id, channel) WHERE provider_id IS NOT NULL;
CREATE INDEX outbox_due ON outbox (not_before) WHERE state = 'queued';
-- What waits to leave, as one line for each channel and kind: a channel that has no room must not stand in another's way, nor
-- thousands of well-being texts in the way of a word that follows a reply.
CREATE INDEX outbox_line ON outbox (channel, kind, not_before) WHERE state = 'queued';
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state = 'claimed';
CREATE INDEX outbox_unknown ON outbox (channel, claimed_at) WHERE state = 'unknown';
CREATE INDEX outbox_loose ON outbox (contact_id) WHERE outreach_id IS NULL;

CREATE TABLE prompt (
    id              INTEGER PRIMARY KEY,
    contact_id      INTEGER NOT NULL REFERENCES contact (id),
    outreach_id     INTEGER NOT NULL REFERENCES outreach (id),
    open            INTEGER NOT NULL CHECK (open IN (0, 1)),
    rep             TEXT    NOT NULL CHECK (rep <> ''),
    kind            TEXT    NOT NULL CHECK ((kind = 'no_warmup' OR kind = 'silent' OR kind = 'undelivered' OR kind = 'retry' OR kind = 'promised' OR kind = 'unanswered_question' OR kind = 'replied' OR kind = 'they_called')),
    reason          TEXT    NOT NULL,
    words           TEXT    NOT NULL,
    raised_at       INTEGER NOT NULL,
    due_at          INTEGER NOT NULL,
    alert_at        INTEGER,
    ladder_step     INTEGER NOT NULL CHECK (ladder_step >= 0),
    acknowledged_at INTEGER,
    lease_holder    TEXT CHECK (lease_holder <> ''),
    lease_until     INTEGER,
    -- How the last call over the provider's line went: it pre-fills what the rep says came of the call.
    line_state      TEXT CHECK (line_state IS NULL OR line_state = 'ringing' OR line_state = 'completed' OR line_state = 'no_answer' OR line_state = 'busy' OR line_state = 'failed' OR line_state = 'not_rung'),
    line_seconds    INTEGER,
    CHECK ((lease_holder IS NULL) = (lease_until IS NULL))
) STRICT;
CREATE UNIQUE INDEX prompt_one_open ON prompt (outreach_id) WHERE open = 1;
CREATE INDEX prompt_by_rep ON prompt (rep) WHERE open = 1;

-- What they wrote.
CREATE TABLE reply (
    id          INTEGER PRIMARY KEY,
    contact_id  INTEGER NOT NULL REFERENCES contact (id),
    outreach_id INTEGER REFERENCES outreach (id),
    at          INTEGER NOT NULL,
    channel     TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK ((kind = 'text' OR kind = 'button' OR kind = 'reaction' OR kind = 'media' OR kind = 'voice' OR kind = 'location' OR kind = 'contact_card' OR kind = 'call_permission' OR kind = 'other')),
    words       TEXT    NOT NULL
) STRICT;
CREATE INDEX reply_by_contact ON reply (contact_id);

-- The timeline. Never changed, never deleted. Each line knows the one before it of the same outreach, or of the contact
-- outside of any; the newest is kept there as last_line. So a line is one append, and no tree over all contacts is touched.
CREATE TABLE event_log (
    id          INTEGER PRIMARY KEY,
    contact_id  INTEGER NOT NULL REFERENCES contact (id),
    outreach_id INTEGER,
    prior       INTEGER,
    at          INTEGER NOT NULL,
    actor       TEXT    NOT NULL,
    what        TEXT    NOT NULL,
    text        TEXT    NOT NULL
) STRICT;
-- The day's tally of a rep: what they logged of their calls, without reading everybody's timeline. Partial, so that other events do not pay for it.
CREATE INDEX event_log_calls ON event_log (actor, at) WHERE what IN ('talked', 'attempt');
CREATE TRIGGER event_log_is_not_changed BEFORE UPDATE ON event_log BEGIN SELECT RAISE(ABORT, 'event_log only grows'); END;
CREATE TRIGGER event_log_is_not_deleted BEFORE DELETE ON event_log BEGIN SELECT RAISE(ABORT, 'event_log only grows'); END;

------------------------------------------------------------------ the reps' phones

CREATE TABLE alert (
    id             INTEGER PRIMARY KEY,
    contact_id     INTEGER NOT NULL REFERENCES contact (id),
    rep            TEXT    NOT NULL CHECK (rep <> ''),
    prompt_id      INTEGER REFERENCES prompt (id),  -- none: a notice
    ladder_step    INTEGER NOT NULL,
    text           TEXT    NOT NULL,
    state          TEXT    NOT NULL CHECK ((state = 'waiting' OR state = 'done' OR state = 'dropped')),
    due_at         INTEGER NOT NULL,                           -- claimed: when the lease runs out, and it is sent again
    leased         INTEGER NOT NULL CHECK (leased IN (0, 1)),  -- somebody is sending it now
    again          INTEGER NOT NULL CHECK (again IN (0, 1)),   -- there was news while it was being sent
    tries          INTEGER NOT NULL CHECK (tries >= 0),
    needs_template INTEGER NOT NULL CHECK (needs_template IN (0, 1)),
    token          BLOB CHECK (length(token) = 16),
    provider_id    TEXT CHECK (provider_id <> ''),
    problem        TEXT    NOT NULL,
    -- An alert without a device says whom to tell; its parts say on which device, and when.
    device         TEXT    NOT NULL DEFAULT '',
    origin         INTEGER REFERENCES alert (id),  -- of a part: the alert it belongs to
    -- 1: it is on the device's screen and can be taken off it; 2: the prompt is dealt with, take it off
    shown          INTEGER NOT NULL DEFAULT 0 CHECK (shown IN (0, 1, 2))
) STRICT;
CREATE UNIQUE INDEX alert_once_a_step ON alert (prompt_id, rep, ladder_step, device) WHERE prompt_id IS NOT NULL;
CREATE UNIQUE INDEX alert_part ON alert (origin, device) WHERE origin IS NOT NULL;
CREATE INDEX alert_last_told ON alert (rep, id) WHERE prompt_id IS NOT NULL AND provider_id IS NOT NULL;
CREATE INDEX alert_due ON alert (due_at) WHERE state = 'waiting';
CREATE INDEX alert_by_provider_id ON alert (provider_id) WHERE provider_id IS NOT NULL;

-- Devices that signed up by themselves: browsers with Web Push. Others stand in the configuration.
CREATE TABLE device (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,  -- a number is never used again: alerts name it
    rep        TEXT    NOT NULL CHECK (rep <> ''),
    way        TEXT    NOT NULL CHECK (way <> ''),
    name       TEXT    NOT NULL,
    address    TEXT    NOT NULL UNIQUE CHECK (address <> ''),
    keys       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    told_at    INTEGER,
    problem    TEXT    NOT NULL
) STRICT;
CREATE INDEX device_by_rep ON device (rep);

CREATE TABLE rep (
    id         TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    away_until INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE rep_window (
    rep      TEXT    NOT NULL CHECK (rep <> ''),
    channel  TEXT    NOT NULL,
    until_at INTEGER NOT NULL,
    PRIMARY KEY (rep, channel)
) STRICT, WITHOUT ROWID;

------------------------------------------------------------------ the rest

CREATE TABLE template_state (
    provider_name TEXT    NOT NULL CHECK (provider_name <> ''),
    language      TEXT    NOT NULL,
    status        TEXT    NOT NULL CHECK ((status = 'unknown' OR status = 'approved' OR status = 'pending' OR status = 'paused' OR status = 'rejected' OR status = 'disabled')),
    category      TEXT    NOT NULL,
    quality       TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    PRIMARY KEY (provider_name, language)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_note (
    id      INTEGER PRIMARY KEY,
    channel TEXT    NOT NULL,
    what    TEXT    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE setting (
    key   TEXT NOT NULL PRIMARY KEY CHECK (key <> ''),
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Secrets of the way in are kept as hashes only.
CREATE TABLE api_token (
    id           INTEGER PRIMARY KEY,
    name         TEXT    NOT NULL CHECK (name <> ''),
    hash         TEXT    NOT NULL UNIQUE CHECK (hash <> ''),
    rep          TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX api_token_name ON api_token (name) WHERE revoked_at IS NULL;

CREATE TABLE session (
    hash       TEXT    NOT NULL PRIMARY KEY CHECK (hash <> ''),
    rep        TEXT    NOT NULL CHECK (rep <> ''),
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    device     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_rep ON session (rep);
CREATE INDEX session_by_end ON session (expires_at);

CREATE TABLE sign_in_link (
    hash       TEXT    NOT NULL PRIMARY KEY CHECK (hash <> ''),
    rep        TEXT    NOT NULL CHECK (rep <> ''),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_link_by_end ON sign_in_link (expires_at);

-- Answers to POSTs with an Idempotency-Key.
CREATE TABLE kept_answer (
    key          TEXT    NOT NULL PRIMARY KEY CHECK (key <> ''),
    request_hash TEXT    NOT NULL,
    status       INTEGER NOT NULL,
    body         TEXT    NOT NULL,
    at           INTEGER NOT NULL
) STRICT;
CREATE INDEX kept_answer_by_age ON kept_answer (at);

-- How many there are of what, kept up in the transaction that changes it: counting ten million rows every time the metrics
-- are read would cost more than all the rest.
CREATE TABLE tally (
    kind TEXT    NOT NULL,
    word TEXT    NOT NULL,
    n    INTEGER NOT NULL,
    PRIMARY KEY (kind, word)
) STRICT, WITHOUT ROWID;
