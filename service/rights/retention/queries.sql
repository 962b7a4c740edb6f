-- name: alone
-- Whether no other process deletes now, until the transaction ends.
SELECT pg_try_advisory_xact_lock($1);

-- name: clock
-- The database's clock.
SELECT clock_timestamp();

-- name: mark
-- From when on rows of a table have not been looked at for a purpose; null before the first look.
SELECT before FROM retention_marks WHERE name = $1 AND purpose = $2;

-- name: set_mark
-- Rows from before this time have been looked at.
INSERT INTO retention_marks (name, purpose, before) VALUES ($1, $2, $3)
ON CONFLICT (name, purpose) DO UPDATE SET before = excluded.before;

-- name: learnt
-- Whose interactions between two times teach, some at a time, and when the last of these was recorded.
WITH looked AS (
    SELECT subject_id, recorded_at AS since FROM interactions
    WHERE recorded_at >= $1 AND recorded_at < $2 AND $3::text IS NOT NULL AND (shown OR succeeded)
    ORDER BY recorded_at FETCH FIRST $4 ROWS WITH TIES
)
SELECT array_agg(DISTINCT subject_id) AS subjects, max(since) AS last, count(*) AS number FROM looked;

-- name: counters_of_everybody
-- Counters of everybody together whose window has been over for long: $1 days after it began.
SELECT ctid FROM cap_counters
WHERE subject_id = '00000000-0000-0000-0000-000000000000' AND window_start < clock_timestamp() - make_interval(days => $1)
LIMIT $2;

-- name: proofs_over
-- How many proofs of the consents of erased people have been kept long enough.
SELECT count(*) FROM consent_proofs WHERE keep_until <= clock_timestamp();

-- name: requests_closed
-- Requests that were closed more than $1 days ago.
SELECT request_id FROM rights_requests WHERE closed_at < clock_timestamp() - make_interval(days => $1)
ORDER BY closed_at LIMIT $2;

-- name: inactive
-- Those of the subjects $1 of whom nothing was heard for $2 days, and whom nothing holds: an unfinished request, a
-- restriction, a legal hold, a link, or a no that has to be remembered: an objection, or a no to a purpose that the bundle bases on
-- something else than consent, $3, and would allow to a stranger. That an officer reads, or that whom a browser was linked
-- to is gone, is nothing that was heard of them.
SELECT s.subject_id
FROM subjects s CROSS JOIN (SELECT clock_timestamp() - make_interval(days => $2) AS then) AS c
WHERE s.subject_id = ANY($1::uuid[]) AND s.state = 'active' AND s.created_at < c.then
    AND NOT EXISTS (SELECT FROM touchpoints t WHERE t.subject_id = s.subject_id AND t.recorded_at >= c.then)
    AND NOT EXISTS (SELECT FROM decisions d WHERE d.subject_id = s.subject_id AND d.decided_at >= c.then)
    AND NOT EXISTS (SELECT FROM interactions i WHERE i.subject_id = s.subject_id AND i.recorded_at >= c.then)
    AND NOT EXISTS (
        SELECT FROM ledger_entries e
        WHERE e.subject_id = s.subject_id AND e.recorded_at >= c.then AND e.kind NOT IN ('officer_read', 'unlinked')
    )
    AND NOT EXISTS (
        SELECT FROM lookups l WHERE l.subject_id = s.subject_id AND (l.created_at >= c.then OR l.linked_to IS NOT NULL)
    )
    AND NOT EXISTS (
        SELECT FROM lookups l
        JOIN rights_requests r ON r.lookups @> ARRAY[l.lookup] OR r.unverified @> ARRAY[l.lookup]
        WHERE l.subject_id = s.subject_id AND (r.received_at >= c.then OR r.closed_at IS NULL)
    )
    AND NOT EXISTS (SELECT FROM restrictions r WHERE r.subject_id = s.subject_id)
    AND NOT EXISTS (SELECT FROM holds h WHERE h.subject_id = s.subject_id)
    AND NOT EXISTS (SELECT FROM objections o WHERE o.subject_id = s.subject_id)
    AND NOT EXISTS (
        SELECT FROM consent_state n
        WHERE n.subject_id = s.subject_id AND n.status <> 'given' AND n.purpose = ANY($3::text[])
    )
ORDER BY s.subject_id;
