-- name: past
-- The database's clock and, in the same snapshot, what became of decisions before (one row of nulls for nothing).
SELECT c.now, i.decision_id, i.event, i.shown, i.succeeded
FROM (SELECT clock_timestamp() AS now) AS c
LEFT JOIN (
    unnest($1::uuid[], $2::uuid[]) AS d (subject_id, decision_id) JOIN interactions i USING (subject_id, decision_id)
) ON true;

-- name: keep
-- Keep interactions; one that is there already is left alone.
INSERT INTO interactions (
    subject_id, decision_id, event, placement, offer, stage, occurred_at, recorded_at, purposes, shown, succeeded
)
SELECT
    subject_id, decision_id, event, placement, offer, stage, coalesce(occurred_at, $2), $2, purposes, shown, succeeded
FROM json_to_recordset($1) AS i (
    subject_id uuid, decision_id uuid, event text, placement text, offer text, stage text, occurred_at timestamptz,
    purposes text[], shown boolean, succeeded boolean
)
ON CONFLICT (subject_id, decision_id, event) DO NOTHING
RETURNING subject_id, decision_id, event;
