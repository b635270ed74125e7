-- People may be erased: what says who they are goes, and their number is known again by a hash that nobody can read it from.

-- HMAC-SHA256 of an address of somebody who was erased, under the setting 'erasure_key'.
CREATE TABLE erased (
    hash BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What only grows may lose its words, and nothing else.
DROP TRIGGER consent_is_not_changed;
CREATE TRIGGER consent_is_not_changed BEFORE UPDATE ON consent
WHEN NEW.text <> '' OR NEW.id <> OLD.id OR NEW.contact_id <> OLD.contact_id OR NEW.given <> OLD.given OR NEW.source <> OLD.source
  OR NEW.at <> OLD.at OR NEW.covers <> OLD.covers
BEGIN SELECT RAISE(ABORT, 'consent only grows'); END;

DROP TRIGGER event_log_is_not_changed;
CREATE TRIGGER event_log_is_not_changed BEFORE UPDATE ON event_log
WHEN NEW.text <> '' OR NEW.id <> OLD.id OR NEW.contact_id <> OLD.contact_id OR NEW.outreach_id IS NOT OLD.outreach_id
  OR NEW.prior IS NOT OLD.prior OR NEW.at <> OLD.at OR NEW.actor <> OLD.actor OR NEW.what <> OLD.what
BEGIN SELECT RAISE(ABORT, 'event_log only grows'); END;

-- Pages that were written before today's way to write them may hold bytes that nothing stands in any more, until VACUUM.
INSERT INTO setting (key, value) SELECT 'pages_of_old', 'yes' WHERE EXISTS (SELECT 1 FROM contact) OR EXISTS (SELECT 1 FROM delivery);
