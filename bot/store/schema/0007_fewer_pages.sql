-- Each event writes fewer pages: what was a random place in a tree of its own goes into a row that is written anyway.

-- Windows are with their contact, as {"channel": until}; `windows` says how many.
ALTER TABLE contact ADD COLUMN window_times TEXT NOT NULL DEFAULT '{}';
UPDATE contact SET window_times = (SELECT json_group_object(channel, until_at) FROM contact_window w WHERE w.contact_id = contact.id)
 WHERE windows > 0;
DROP TABLE contact_window;
CREATE VIEW contact_window AS
    SELECT contact.id AS contact_id, j.key AS channel, j.value AS until_at FROM contact, json_each(contact.window_times) j WHERE contact.windows > 0;

-- Each reply knows the one before it, as the lines of the timeline do; the newest is kept with the contact.
ALTER TABLE contact ADD COLUMN last_reply INTEGER;
ALTER TABLE reply ADD COLUMN prior INTEGER;
UPDATE reply SET prior = (SELECT max(r.id) FROM reply r WHERE r.contact_id = reply.contact_id AND r.id < reply.id);
UPDATE contact SET last_reply = (SELECT max(r.id) FROM reply r WHERE r.contact_id = contact.id);
DROP INDEX reply_by_contact;

-- The open prompt of an outreach stands with it. There is never a second one.
ALTER TABLE outreach ADD COLUMN prompt_id INTEGER REFERENCES prompt (id);
UPDATE outreach SET prompt_id = (SELECT p.id FROM prompt p WHERE p.outreach_id = outreach.id AND p.open = 1) WHERE live = 1;
DROP INDEX prompt_one_open;
CREATE TRIGGER prompt_one_open BEFORE INSERT ON prompt
WHEN NEW.open = 1 AND EXISTS (SELECT 1 FROM outreach o JOIN prompt p ON p.id = o.prompt_id WHERE o.id = NEW.outreach_id AND p.open = 1)
BEGIN SELECT RAISE(ABORT, 'UNIQUE rule failed: one open prompt for each outreach'); END;
CREATE TRIGGER prompt_not_opened_again BEFORE UPDATE OF open ON prompt
WHEN NEW.open = 1 AND OLD.open = 0 AND EXISTS (SELECT 1 FROM outreach o JOIN prompt p ON p.id = o.prompt_id WHERE o.id = NEW.outreach_id AND p.open = 1)
BEGIN SELECT RAISE(ABORT, 'UNIQUE rule failed: one open prompt for each outreach'); END;

-- Many wake up at the same moment (nine in the morning): among themselves in the order they were put there, which is at the end.
DROP TABLE wake;
CREATE TABLE wake (
    at          INTEGER NOT NULL,
    put_at      INTEGER NOT NULL,
    outreach_id INTEGER NOT NULL,
    PRIMARY KEY (at, put_at, outreach_id)
) STRICT, WITHOUT ROWID;
INSERT INTO wake (at, put_at, outreach_id) SELECT wake_at, 0, id FROM outreach WHERE live = 1;
