-- name: standing
-- Where active subjects stand on purposes: one row a subject and purpose, purpose null where nothing was said. What
-- protects the subject whatever was said, restriction and objections, is repeated on each of their rows.
SELECT
    l.lookup, s.subject_id, s.revision, r.entry_id AS restriction, o.objections, l.linked_to IS NOT NULL AS linked,
    c.purpose, c.status, c.entry_id, c.effective_at, c.valid_until, c.given_since, c.notice_id, c.notice_version, c.gpc,
    c.guardian_missing
FROM lookups l
JOIN subjects s ON s.subject_id = coalesce(l.linked_to, l.subject_id) AND s.state = 'active'
LEFT JOIN restrictions r ON r.subject_id = s.subject_id
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
        'entry_id', entry_id, 'purpose', purpose, 'effective_at', effective_at, 'direct_marketing', direct_marketing
    )) AS objections
    FROM objections WHERE subject_id = s.subject_id
) o ON true
LEFT JOIN consent_state c ON c.subject_id = s.subject_id AND c.purpose = ANY($2::text[])
WHERE l.lookup = ANY(sought($1::bytea[]));

-- name: standing_of
-- The same of subjects who are known without a lookup.
SELECT
    s.subject_id AS name, s.subject_id, s.revision, r.entry_id AS restriction, o.objections, false AS linked,
    c.purpose, c.status, c.entry_id, c.effective_at, c.valid_until, c.given_since, c.notice_id, c.notice_version, c.gpc,
    c.guardian_missing
FROM subjects s
LEFT JOIN restrictions r ON r.subject_id = s.subject_id
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
        'entry_id', entry_id, 'purpose', purpose, 'effective_at', effective_at, 'direct_marketing', direct_marketing
    )) AS objections
    FROM objections WHERE subject_id = s.subject_id
) o ON true
LEFT JOIN consent_state c ON c.subject_id = s.subject_id AND c.purpose = ANY($2::text[])
WHERE s.subject_id = ANY($1::uuid[]) AND s.state = 'active';

-- name: gather
-- The database's clock and, in the same snapshot, whom lookups lead to and whose own they are, with everything that both
-- ever said about purposes, as the ledger has it, and the links of theirs that were undone (one row of nulls for none).
SELECT c.now, f.lookup, f.subject_id, f.home, e.subject_id AS speaker, e.payload::text
FROM (SELECT clock_timestamp() AS now) AS c
LEFT JOIN (
    SELECT l.lookup, s.subject_id, l.subject_id AS home
    FROM lookups l JOIN subjects s ON s.subject_id = coalesce(l.linked_to, l.subject_id)
    WHERE l.lookup = ANY(sought($1::bytea[])) AND s.state = 'active'
) AS f ON true
LEFT JOIN ledger_entries e
    ON e.subject_id = ANY(ARRAY[f.subject_id, f.home]) AND e.kind IN ('consent', 'unlink') AND e.payload IS NOT NULL;

-- name: entries
-- Everything that the active subject behind a lookup ever said, the oldest first, and the links that were undone.
SELECT e.kind, e.effective_at, e.payload, e.commitment, t.leaf_index
FROM lookups l
JOIN subjects s ON s.subject_id = coalesce(l.linked_to, l.subject_id) AND s.state = 'active'
JOIN ledger_entries e ON e.subject_id = s.subject_id AND e.kind IN ('consent', 'unlink') AND e.payload IS NOT NULL
LEFT JOIN ledger_leaves t ON t.entry_id = e.entry_id
WHERE l.lookup = ANY(sought(ARRAY[$1::bytea]))
ORDER BY e.recorded_at, e.entry_id;

-- name: imports
-- What imports have recorded of subjects; what a link brought was recorded of another, and may stop counting.
SELECT subject_id, payload
FROM ledger_entries
WHERE subject_id = ANY($1::uuid[]) AND kind = 'consent' AND payload->>'method' = 'import'
    AND NOT payload ? 'link';

-- name: past
-- Everything that was ever known, the oldest first, of the active subjects that lookups ever led to: their own, without
-- a link, and those that they were linked to.
WITH led AS (
    SELECT lookup, subject_id, NULL::uuid AS link FROM lookups WHERE lookup = ANY(sought($1::bytea[]))
    UNION ALL
    SELECT l.lookup, k.subject_id, k.entry_id
    FROM lookups l
    JOIN ledger_entries a ON a.subject_id = l.subject_id AND a.kind = 'linked'
    JOIN ledger_entries k ON k.entry_id = (a.payload ->> 'link')::uuid
    WHERE l.lookup = ANY(sought($1::bytea[]))
)
SELECT led.lookup, led.link, s.subject_id, s.revision, e.kind, e.entry_id, e.effective_at, e.recorded_at, e.payload
FROM led
JOIN subjects s ON s.subject_id = led.subject_id AND s.state = 'active'
LEFT JOIN ledger_entries e ON e.subject_id = s.subject_id AND e.kind = ANY($2::text[]) AND e.payload IS NOT NULL
ORDER BY e.recorded_at, e.entry_id;

-- name: retract
-- Forget where a subject stands on purposes of which nothing counts any longer.
DELETE FROM consent_state WHERE subject_id = $1 AND purpose = ANY($2::text[]);

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

-- name: ended
-- Before when what was recorded of the subjects in `kept` has ended for a purpose: everything while a no holds, what is
-- older than both the last no and the grant that holds, what is older than an objection, and what has been kept for as
-- many days as the purpose's retention, which is over then; $2 are the purposes of direct marketing, $4 purposes and $5
-- their days. Held is what must not be deleted yet: all data of whoever has an open request, a restriction, or a legal
-- hold of some of it (Art. 17(3)).
WITH asked AS (
    SELECT
        s.subject_id,
        EXISTS (SELECT FROM restrictions r WHERE r.subject_id = s.subject_id)
        OR EXISTS (SELECT FROM holds h WHERE h.subject_id = s.subject_id) OR EXISTS (
            SELECT FROM lookups l JOIN rights_requests r ON r.lookups @> ARRAY[l.lookup]
            WHERE l.subject_id = s.subject_id AND r.closed_at IS NULL
        ) AS held
    FROM kept s
), said_no AS (
    SELECT subject_id, payload ->> 'purpose' AS purpose, max(recorded_at) + interval '1 microsecond' AS until
    FROM ledger_entries
    WHERE subject_id = ANY(ARRAY(SELECT subject_id FROM kept)) AND kind = 'consent' AND payload ->> 'status' <> 'given'
    GROUP BY subject_id, payload ->> 'purpose'
)
SELECT
    a.subject_id, c.purpose, CASE c.status WHEN 'given' THEN least(c.given_since, n.until) ELSE 'infinity' END AS before,
    a.held, false AS over
FROM asked a
JOIN consent_state c ON c.subject_id = a.subject_id
JOIN said_no n ON n.subject_id = c.subject_id AND n.purpose = c.purpose
UNION ALL
SELECT a.subject_id, p.purpose, o.effective_at + interval '1 microsecond', a.held, false
FROM asked a JOIN objections o ON o.subject_id = a.subject_id
CROSS JOIN LATERAL (SELECT o.purpose UNION SELECT unnest($2::text[]) WHERE o.direct_marketing) AS p (purpose)
UNION ALL
SELECT a.subject_id, r.purpose, clock_timestamp() - make_interval(days => r.days), a.held, true
FROM asked a CROSS JOIN unnest($4::text[], $5::int[]) AS r (purpose, days);

-- name: given
-- When the entries of a subject on consent took effect, by purpose.
SELECT entry_id, payload ->> 'purpose' AS purpose, effective_at
FROM ledger_entries
WHERE subject_id = $1 AND entry_id = ANY($2::uuid[]) AND kind = 'consent' AND payload IS NOT NULL;
