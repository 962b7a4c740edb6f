-- name: consents
-- The entries on consent of a subject that still hold their fact, oldest first.
SELECT entry_id, payload, salt FROM ledger_entries
WHERE subject_id = $1 AND kind = 'consent' AND payload IS NOT NULL
ORDER BY entry_id;

-- name: keep
-- Keep proofs of one subject; what is kept already is left alone.
INSERT INTO consent_proofs (subject_id, entry_id, sealed, keep_until)
SELECT $1, e, s, $4 FROM unnest($2::uuid[], $3::bytea[]) AS p (e, s)
ON CONFLICT DO NOTHING;

-- name: proof
-- The proof of one entry, unless its time is over.
SELECT subject_id, entry_id, sealed, keep_until, asked_by, asked_at FROM consent_proofs
WHERE entry_id = $1 AND keep_until > clock_timestamp();

-- name: clock
-- The database's clock.
SELECT clock_timestamp();

-- name: ask
-- Say who asked to open a proof and waits for another officer; nobody once it was opened.
UPDATE consent_proofs SET asked_by = $2, asked_at = $3 WHERE entry_id = $1;

-- name: forget
-- Delete proofs whose time is over, some at a time.
DELETE FROM consent_proofs
WHERE entry_id IN (SELECT entry_id FROM consent_proofs WHERE keep_until <= coalesce($1, clock_timestamp()) LIMIT $2);
