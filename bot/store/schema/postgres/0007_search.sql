-- works with 1
-- Everybody's contacts are searched by every three characters in a row of their names and numbers. The extension is part of
-- PostgreSQL and any owner of a database may create it; where it may not be had, the search walks through all contacts and finds
-- the same.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX contact_search ON contact USING gin (name_folded gin_trgm_ops) WHERE merged_into IS NULL;
    CREATE INDEX address_search ON address USING gin (value gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
    RAISE WARNING 'without pg_trgm (%) the search for contacts is slow', SQLERRM;
END $$;
