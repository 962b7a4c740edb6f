-- name: append
-- Add entries; nothing in the service ever updates them but an erasure, which empties.
INSERT INTO ledger_entries (subject_id, entry_id, kind, effective_at, recorded_at, payload, evidence, salt, commitment)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::jsonb[], $7::bytea[], $8::bytea[], $9::bytea[]
);
