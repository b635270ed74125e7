-- How the last call over the provider's line went: it pre-fills what the rep says came of the call.
ALTER TABLE prompt ADD COLUMN line_state TEXT CHECK (line_state IS NULL OR line_state = 'ringing' OR line_state = 'completed' OR line_state = 'no_answer' OR line_state = 'busy' OR line_state = 'failed' OR line_state = 'not_rung');
ALTER TABLE prompt ADD COLUMN line_seconds INTEGER;
