-- name: append
-- Add entries; nothing in the service ever updates them but an erasure, which empties.
INSERT INTO ledger_entries (subject_id, entry_id, kind, effective_at, recorded_at, payload, evidence, salt, commitment)
SELECT
    subject_id, entry_id, kind, effective_at, recorded_at, payload, decode(evidence, 'base64'), decode(salt, 'base64'),
    decode(commitment, 'base64')
FROM json_to_recordset($1) AS e (
    subject_id uuid, entry_id uuid, kind text, effective_at timestamptz, recorded_at timestamptz, payload jsonb,
    evidence text, salt text, commitment text
);
