-- name: payloads
-- What entries of a subject say.
SELECT entry_id, payload FROM ledger_entries WHERE subject_id = $1 AND entry_id = ANY($2::uuid[]);

-- name: links
-- The last link of each subject of a browser.
SELECT DISTINCT ON (subject_id) subject_id, (payload ->> 'link')::uuid AS link
FROM ledger_entries
WHERE subject_id = ANY($1::uuid[]) AND kind = 'linked'
ORDER BY subject_id, entry_id DESC;
