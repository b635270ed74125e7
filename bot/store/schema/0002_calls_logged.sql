-- The day's tally of a rep: what they logged of their calls, without reading everybody's timeline. Partial, so that other events do not pay for it.
CREATE INDEX event_log_calls ON event_log (actor, at) WHERE what IN ('talked', 'attempt');
