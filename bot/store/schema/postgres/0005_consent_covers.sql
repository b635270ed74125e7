-- works with 5
-- Which ways a consent covers, one word a line: 'whatsapp', 'sms' or a channel's name. Nothing: every way, as it was before. A gateway
-- that does not know the column would write to people on ways they never agreed to, so it may not work beside this one.
ALTER TABLE consent ADD COLUMN covers text NOT NULL DEFAULT '';
