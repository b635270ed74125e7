-- works with 1
-- People may be erased: what says who they are goes, and their number is known again by a hash that nobody can read it from.
-- A gateway from before this step does not look there: until the last of them is replaced, do not import lists.

-- HMAC-SHA256 of an address of somebody who was erased, under the setting 'erasure_key'.
CREATE TABLE erased (
    hash bytea  NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    at   bigint NOT NULL
);

-- Consent and timeline may lose their words, and nothing else.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.text = '' AND to_jsonb(NEW) - 'text' = to_jsonb(OLD) - 'text' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% only grows', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
