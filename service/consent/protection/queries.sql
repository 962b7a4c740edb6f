-- name: object
-- Keep the last objection of a subject to each purpose.
INSERT INTO objections (subject_id, purpose, entry_id, effective_at, direct_marketing)
SELECT $1::uuid, * FROM unnest($2::text[], $3::uuid[], $4::timestamptz[], $5::boolean[])
ON CONFLICT (subject_id, purpose) DO UPDATE SET
    entry_id = excluded.entry_id,
    effective_at = excluded.effective_at,
    direct_marketing = objections.direct_marketing OR excluded.direct_marketing;

-- name: retract
-- Forget objections of a subject that count no longer.
DELETE FROM objections WHERE subject_id = $1 AND purpose = ANY($2::text[]);

-- name: restriction
-- The restriction of a subject, if there is one, and whether a link brought it.
SELECT r.entry_id, r.since, e.payload ? 'link' AS linked
FROM restrictions r JOIN ledger_entries e ON e.subject_id = r.subject_id AND e.entry_id = r.entry_id
WHERE r.subject_id = $1;

-- name: restrict
-- Keep a subject's data from every use but storage.
INSERT INTO restrictions (subject_id, entry_id, since) VALUES ($1, $2, $3)
ON CONFLICT (subject_id) DO UPDATE SET entry_id = excluded.entry_id, since = excluded.since;

-- name: lift
-- End a subject's restriction.
DELETE FROM restrictions WHERE subject_id = $1;

-- name: after
-- A time, or the instant after the last entry of subjects where that is later.
SELECT greatest($2::timestamptz, max(recorded_at) FILTER (WHERE recorded_at > $2) + interval '1 microsecond')
FROM ledger_entries WHERE subject_id = ANY($1::uuid[]);
