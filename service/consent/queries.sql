-- name: standing
-- Where active subjects stand on purposes: one row a subject and purpose, purpose null where nothing was said. What
-- protects the subject whatever was said, restriction and objections, is repeated on each of their rows.
SELECT
    l.lookup, s.subject_id, s.revision,
    c.purpose, c.status, c.entry_id, c.effective_at, c.valid_until, c.given_since, c.notice_id, c.notice_version, c.gpc,
    c.guardian_missing, r.entry_id AS restriction, o.objections
FROM lookups l
JOIN subjects s ON s.subject_id = l.subject_id AND s.state = 'active'
LEFT JOIN restrictions r ON r.subject_id = s.subject_id
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
        'entry_id', entry_id, 'purpose', purpose, 'effective_at', effective_at, 'direct_marketing', direct_marketing
    )) AS objections
    FROM objections WHERE subject_id = s.subject_id
) o ON true
LEFT JOIN consent_state c ON c.subject_id = s.subject_id AND c.purpose = ANY($2::text[])
WHERE l.lookup = ANY($1::bytea[]);

-- name: history
-- Everything that subjects ever said about purposes, as the ledger has it.
SELECT subject_id, entry_id, effective_at, recorded_at, payload
FROM ledger_entries
WHERE subject_id = ANY($1::uuid[]) AND kind = 'consent' AND payload IS NOT NULL;

-- name: past
-- Everything that the active subjects behind lookups ever said, and what protected them, the oldest first.
SELECT l.lookup, s.subject_id, s.revision, e.kind, e.entry_id, e.effective_at, e.recorded_at, e.payload, e.commitment
FROM lookups l
JOIN subjects s ON s.subject_id = l.subject_id AND s.state = 'active'
JOIN ledger_entries e ON e.subject_id = s.subject_id AND e.kind = ANY($2::text[]) AND e.payload IS NOT NULL
WHERE l.lookup = ANY($1::bytea[])
ORDER BY e.recorded_at, e.entry_id;

-- name: project
-- Write the fold of the ledger.
INSERT INTO consent_state (
    subject_id, purpose, status, entry_id, effective_at, valid_until, given_since, notice_id, notice_version, gpc,
    guardian_missing
)
SELECT * FROM json_to_recordset($1) AS c (
    subject_id uuid, purpose text, status text, entry_id uuid, effective_at timestamptz, valid_until timestamptz,
    given_since timestamptz, notice_id text, notice_version text, gpc boolean, guardian_missing boolean
)
ON CONFLICT (subject_id, purpose) DO UPDATE SET
    status = excluded.status,
    entry_id = excluded.entry_id,
    effective_at = excluded.effective_at,
    valid_until = excluded.valid_until,
    given_since = excluded.given_since,
    notice_id = excluded.notice_id,
    notice_version = excluded.notice_version,
    gpc = excluded.gpc,
    guardian_missing = excluded.guardian_missing;
