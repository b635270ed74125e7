-- Several ways to one rep's phone. An alert without a device says whom to tell; its parts say on which device, and when.

ALTER TABLE alert ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE alert ADD COLUMN origin INTEGER REFERENCES alert (id);  -- of a part: the alert it belongs to
-- 1: it is on the device's screen and can be taken off it; 2: the prompt is dealt with, take it off
ALTER TABLE alert ADD COLUMN shown INTEGER NOT NULL DEFAULT 0 CHECK (shown IN (0, 1, 2));

DROP INDEX alert_once_a_step;
CREATE UNIQUE INDEX alert_once_a_step ON alert (prompt_id, rep, ladder_step, device) WHERE prompt_id IS NOT NULL;
CREATE UNIQUE INDEX alert_part ON alert (origin, device) WHERE origin IS NOT NULL;
CREATE INDEX alert_last_told ON alert (rep, id) WHERE prompt_id IS NOT NULL AND provider_id IS NOT NULL;

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
