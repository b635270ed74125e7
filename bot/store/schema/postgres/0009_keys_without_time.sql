-- works with 1
-- A key of a provider that tells no time is forgotten with the delivery it came in, not by its first bytes.
CREATE INDEX inbox_timeless ON inbox (delivery) WHERE event_key < '\x0000000000000001';
