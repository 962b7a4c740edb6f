-- name: keep
-- Keep touchpoints; one that is there already is left alone.
INSERT INTO touchpoints (
    subject_id, touchpoint_id, event, channel, occurred_at, recorded_at, purposes, sentiment, properties
)
SELECT subject_id, touchpoint_id, event, channel, occurred_at, $9, string_to_array(purposes, ','), sentiment, properties
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::smallint[], $8::bytea[])
    AS t (subject_id, touchpoint_id, event, channel, occurred_at, purposes, sentiment, properties)
ON CONFLICT (subject_id, touchpoint_id) DO NOTHING
RETURNING subject_id, touchpoint_id;

-- name: contacts
-- A subject's contacts by event and channel, of those kept for a purpose since its current grant began.
SELECT
    event, channel, count(*) AS count, max(occurred_at) AS last,
    coalesce(array_agg(occurred_at) FILTER (WHERE occurred_at > $4), '{}') AS recent
FROM touchpoints
WHERE subject_id = $1 AND $2 = ANY(purposes) AND recorded_at >= coalesce($3, '-infinity'::timestamptz)
    AND occurred_at <= $5
GROUP BY event, channel
ORDER BY event, channel;
