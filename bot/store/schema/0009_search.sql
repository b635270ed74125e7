-- Everybody's contacts are searched by every three characters in a row of their names and numbers: a walk through all of them
-- took seconds with a million. What is found is compared once more, so that what stands here too much does no harm.
CREATE VIRTUAL TABLE contact_search USING fts5 (words, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1');
INSERT INTO contact_search (contact_search, rank) VALUES ('pgsz', 1990);  -- a leaf is a page
INSERT INTO contact_search (rowid, words)
    SELECT c.id, coalesce((SELECT group_concat(a.value, ' ') FROM address a WHERE a.contact_id = c.id), '') || ' ' || c.name_folded
      FROM contact c WHERE c.merged_into IS NULL;
