-- Which ways a consent covers, one word a line: 'whatsapp', 'sms' or a channel's name. Nothing: every way, as it was before.
ALTER TABLE consent ADD COLUMN covers TEXT NOT NULL DEFAULT '';
