-- name: keep
-- Keep touchpoints; one that is there already is left alone.
INSERT INTO touchpoints (
    subject_id, touchpoint_id, event, channel, occurred_at, recorded_at, purposes, sentiment, properties
)
SELECT
    subject_id, touchpoint_id, event, channel, occurred_at, recorded_at, string_to_array(purposes, ','), sentiment,
    properties
FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::smallint[], $8::bytea[],
    $9::timestamptz[]
) AS t (subject_id, touchpoint_id, event, channel, occurred_at, purposes, sentiment, properties, recorded_at)
ON CONFLICT (subject_id, touchpoint_id) DO NOTHING
RETURNING subject_id, touchpoint_id;

-- name: count
-- Count touchpoints that nothing may keep; the caller sorts, so that two who count wait for each other in one order.
INSERT INTO touchpoint_counts (day, event, channel, n)
SELECT * FROM unnest($1::date[], $2::text[], $3::text[], $4::bigint[])
ON CONFLICT (day, event, channel) DO UPDATE SET n = touchpoint_counts.n + excluded.n;

-- name: contacts
-- For each question its subject's contacts by event and channel, of those kept for its purpose since the grant began.
SELECT
    q.place, t.event, t.channel, count(*) AS count, max(t.occurred_at) AS last,
    coalesce(array_agg(t.occurred_at) FILTER (WHERE t.occurred_at > q.expired), '{}') AS recent
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[]) WITH ORDINALITY
    AS q (subject_id, purpose, since, expired, now, place)
JOIN touchpoints t ON t.subject_id = q.subject_id AND q.purpose = ANY(t.purposes)
    AND t.recorded_at >= coalesce(q.since, '-infinity'::timestamptz) AND t.occurred_at <= q.now
GROUP BY q.place, t.event, t.channel
ORDER BY q.place, t.event, t.channel;

-- name: remembered
-- A subject's first contacts up to a time that are kept for any of some purposes and were known by another.
SELECT event, channel, occurred_at, recorded_at, purposes
FROM touchpoints
WHERE subject_id = $1 AND purposes && $2::text[] AND occurred_at <= $3 AND recorded_at <= $4
ORDER BY occurred_at, touchpoint_id
LIMIT $5;
