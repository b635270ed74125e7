-- works with 1
-- What waits to leave is found by its line (outbox_line). Only tests ask for the earliest of all lines, and each message paid for it.
DROP INDEX outbox_due;
