-- name: add
-- Count more of arms, in one order for every writer.
INSERT INTO arms (placement, stage, offer, shown, succeeded, revision)
SELECT p, s, o, n, k, n + k
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) AS a (p, s, o, n, k) ORDER BY p, s, o
ON CONFLICT (placement, stage, offer) DO UPDATE SET
    shown = arms.shown + excluded.shown, succeeded = arms.succeeded + excluded.succeeded,
    revision = arms.revision + excluded.revision;

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
INSERT INTO arms (placement, stage, offer, shown, succeeded, revision)
SELECT
    placement, stage, offer, -count(*) FILTER (WHERE shown), -count(*) FILTER (WHERE succeeded),
    count(*) FILTER (WHERE shown) + count(*) FILTER (WHERE succeeded)
FROM taught GROUP BY placement, stage, offer ORDER BY placement, stage, offer
ON CONFLICT (placement, stage, offer) DO UPDATE SET
    shown = arms.shown + excluded.shown, succeeded = arms.succeeded + excluded.succeeded,
    revision = arms.revision + excluded.revision;

-- name: alone
-- Whether this is the only learner, until the transaction ends.
SELECT pg_try_advisory_xact_lock($1);

-- name: slots
-- Every slot of these placements that something was learnt of: its arms, by how much they have changed in all, and what the
-- newest table was computed from (nulls for none).
SELECT a.placement, a.stage, a.arms, a.revision, t.revision AS computed_revision, t.bundle, t.computed_at, c.now
FROM (
    SELECT placement, stage, sum(revision)::bigint AS revision, jsonb_object_agg(offer, ARRAY[shown, succeeded]) AS arms
    FROM arms WHERE placement = ANY($1::text[]) GROUP BY placement, stage
) AS a
CROSS JOIN (SELECT clock_timestamp() AS now) AS c
LEFT JOIN LATERAL (
    SELECT revision, bundle, computed_at FROM arm_tables
    WHERE placement = a.placement AND stage = a.stage ORDER BY version DESC LIMIT 1
) AS t ON true
ORDER BY a.placement, a.stage;

-- name: tabulate
-- Keep a table.
INSERT INTO arm_tables (version, placement, stage, probabilities, revision, bundle) VALUES ($1, $2, $3, $4, $5, $6);

-- name: drop_tables
-- Delete tables computed more than so many days ago, but for the newest of each slot.
DELETE FROM arm_tables t
WHERE t.computed_at < clock_timestamp() - make_interval(days => $1) AND EXISTS (
    SELECT FROM arm_tables n WHERE n.placement = t.placement AND n.stage = t.stage AND n.version > t.version
);

-- name: newer_tables
-- The newest table of each slot that has one newer than $1.
SELECT DISTINCT ON (placement, stage) placement, stage, version, probabilities
FROM arm_tables WHERE version > $1 ORDER BY placement, stage, version DESC;
