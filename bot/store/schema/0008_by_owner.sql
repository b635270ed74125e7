-- A rep's day is found by the rep, not among everybody's wake-ups. The owner alone: when it is due changes with nearly every event,
-- whose it is hardly ever.
CREATE INDEX outreach_by_owner ON outreach (next_owner) WHERE live = 1;
