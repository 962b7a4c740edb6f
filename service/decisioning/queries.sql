-- name: revisions
-- The database's clock and, in the same snapshot, how often the consent of active subjects has changed (nulls for none).
SELECT c.now, s.subject_id, s.revision
FROM (SELECT clock_timestamp() AS now) AS c
LEFT JOIN subjects s ON s.subject_id = ANY($1::uuid[]) AND s.state = 'active';

-- name: store
-- Keep decisions before they are answered.
INSERT INTO decisions (
    subject_id, decision_id, site, placement, offer, stage, mode, reason, proof, purposes, propensity, bundle, inputs,
    decided_at
)
SELECT
    subject_id, decision_id, site, placement, offer, stage, mode, reason, string_to_array(proof, ',')::uuid[],
    string_to_array(purposes, ','), propensity, bundle, inputs, decided_at
FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
    $11::float8[], $12::text[], $13::bytea[], $14::timestamptz[]
) AS d (
    subject_id, decision_id, site, placement, offer, stage, mode, reason, proof, purposes, propensity, bundle, inputs,
    decided_at
);
