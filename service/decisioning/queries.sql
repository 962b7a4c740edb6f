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
    subject_id, decision_id, site, placement, offer, stage, mode, reason, proof, purposes, propensity, bundle,
    decode(inputs, 'base64'), decided_at
FROM json_to_recordset($1) AS d (
    subject_id uuid, decision_id uuid, site text, placement text, offer text, stage text, mode text, reason text,
    proof uuid[], purposes text[], propensity float8, bundle text, inputs text, decided_at timestamptz
);
