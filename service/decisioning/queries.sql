-- name: revision
-- How often the consent of an active subject has changed.
SELECT revision FROM subjects WHERE subject_id = $1 AND state = 'active';

-- name: store
-- Keep decisions before they are answered.
INSERT INTO decisions (
    subject_id, decision_id, site, placement, offer, stage, mode, reason, proof, purposes, propensity, bundle, inputs,
    decided_at
)
SELECT
    $1, decision_id, $2, placement, offer, $3, mode, reason, string_to_array(proof, ',')::uuid[],
    string_to_array(purposes, ','), propensity, $4, inputs, $5
FROM unnest($6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::float8[], $14::bytea[])
    AS d (decision_id, placement, offer, mode, reason, proof, purposes, propensity, inputs);
