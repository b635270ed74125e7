-- works with 1
-- How the last call over the provider's line went: it pre-fills what the rep says came of the call.
ALTER TABLE prompt ADD COLUMN line_state text COLLATE "C" CHECK (line_state IN ('ringing', 'completed', 'no_answer', 'busy', 'failed', 'not_rung'));
ALTER TABLE prompt ADD COLUMN line_seconds integer;
