-- name: decision
-- A decision as it is stored; its inputs are null once a purpose that they were used for has ended.
SELECT
    subject_id, decision_id, site, placement, offer, stage, mode, reason, proof, purposes, propensity, bundle, inputs,
    decided_at, emptied_at
FROM decisions
WHERE decision_id = $1;
