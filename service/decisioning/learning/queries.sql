-- name: add
-- Count more of arms, in one order for every writer.
INSERT INTO arms (placement, stage, offer, shown, succeeded)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) AS a (p, s, o, n, k) ORDER BY p, s, o
ON CONFLICT (placement, stage, offer) DO UPDATE
SET shown = arms.shown + excluded.shown, succeeded = arms.succeeded + excluded.succeeded, revision = arms.revision + 1;

-- name: taught
-- The interactions of subjects by which arms count.
SELECT * FROM interactions WHERE subject_id = ANY($1::uuid[]) AND (shown OR succeeded);

-- name: teachers
-- Which subjects taught something.
SELECT DISTINCT subject_id FROM interactions WHERE subject_id = ANY($1::uuid[]) AND (shown OR succeeded);

-- name: taught_no_longer
-- Of these the ones for which a purpose has ended that they need: one of their own, or that of learning, which is $3.
SELECT * FROM interactions i
WHERE i.subject_id = ANY($1::uuid[]) AND (i.shown OR i.succeeded) AND EXISTS (
    SELECT FROM ended e
    WHERE e.subject_id = i.subject_id AND e.purpose = ANY(i.purposes || $3::text) AND i.recorded_at < e.before AND NOT e.held
);

-- name: forget
-- How every subtraction ends: the arms count less by what was `taught`, and its rows no longer say that they do.
unmarked AS (
    UPDATE interactions i SET shown = false, succeeded = false
    FROM taught t WHERE (i.subject_id, i.decision_id, i.event) = (t.subject_id, t.decision_id, t.event)
)
INSERT INTO arms (placement, stage, offer, shown, succeeded)
SELECT placement, stage, offer, -count(*) FILTER (WHERE shown), -count(*) FILTER (WHERE succeeded)
FROM taught GROUP BY placement, stage, offer ORDER BY placement, stage, offer
ON CONFLICT (placement, stage, offer) DO UPDATE
SET shown = arms.shown + excluded.shown, succeeded = arms.succeeded + excluded.succeeded, revision = arms.revision + 1;
