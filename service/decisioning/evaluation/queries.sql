-- name: extent
-- The database's clock, and how many decisions a period has.
SELECT clock_timestamp() AS now, count(*) AS decisions
FROM decisions
WHERE decided_at >= $1 AND decided_at < $2 AND ($3::text[] IS NULL OR placement = ANY($3));

-- name: stored
-- The decisions of a period, those of one person after the other, with the successes that came of each.
SELECT
    d.subject_id, d.placement, d.offer, d.purposes, d.propensity, d.learnable, d.bundle, d.inputs, d.decided_at,
    ARRAY(
        SELECT i.event FROM interactions i
        WHERE i.subject_id = d.subject_id AND i.decision_id = d.decision_id AND i.event IN ('click', 'conversion')
    ) AS events
FROM decisions d
WHERE d.decided_at >= $1 AND d.decided_at < $2 AND ($3::text[] IS NULL OR d.placement = ANY($3))
ORDER BY d.subject_id, d.decision_id;
