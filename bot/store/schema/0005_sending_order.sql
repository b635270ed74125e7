-- What waits to leave, as one line for each channel and kind: a channel that has no room must not stand in another's way, nor
-- thousands of well-being texts in the way of a word that follows a reply.

CREATE INDEX outbox_line ON outbox (channel, kind, not_before) WHERE state = 'queued';
DROP INDEX outbox_due_first;
