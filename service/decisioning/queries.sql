-- name: revision
-- The database's clock and, in the same snapshot, how often the consent of an active subject has changed.
SELECT s.revision, c.now
FROM (SELECT clock_timestamp() AS now) AS c
LEFT JOIN subjects s ON s.subject_id = $1 AND s.state = 'active';

-- name: store
-- Keep decisions before they are answered.
INSERT INTO decisions (
    subject_id, decision_id, site, placement, offer, stage, mode, reason, proof, purposes, propensity, bundle, inputs,
    decided_at
)
SELECT
    $1, decision_id, $2, placement, offer, stage, mode, reason, string_to_array(proof, ',')::uuid[],
    string_to_array(purposes, ','), propensity, $3, inputs, $4
FROM unnest(
    $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::float8[],
    $14::bytea[]
) AS d (decision_id, placement, offer, stage, mode, reason, proof, purposes, propensity, inputs);
