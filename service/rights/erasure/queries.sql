-- name: tasks
-- The steps of an erasure that were done.
SELECT step, done_at, outcome, notes FROM rights_tasks WHERE request_id = $1;

-- name: do
-- Keep that a step was done; what another one found out since replaces it.
INSERT INTO rights_tasks (request_id, step, outcome, notes) VALUES ($1, $2, $3, $4)
ON CONFLICT (step, request_id) DO UPDATE SET outcome = excluded.outcome, notes = excluded.notes;

-- name: unfinished
-- The erasure of a subject that is done, and has no certificate yet.
SELECT r.request_id
FROM ledger_entries e JOIN rights_requests r ON r.request_id = (e.payload ->> 'request_id')::uuid
WHERE e.subject_id = $1 AND e.kind = 'erasure' AND r."right" = 'erasure' AND r.state = 'running'
ORDER BY e.entry_id LIMIT 1;

-- name: forget
-- Forget whom an erasure was about.
UPDATE rights_tasks SET notes = NULL WHERE request_id = $1 AND notes IS NOT NULL;

-- name: running
-- The next erasures that are approved and not closed, in order.
SELECT request_id FROM rights_requests
WHERE request_id > $1 AND "right" = 'erasure' AND state = 'running' AND closed_at IS NULL
ORDER BY request_id LIMIT $2;
