-- name: unknown
-- Of erasures that were begun those that this database does not know of: their subjects are active and their request is
-- not there, or it still waits for approval. One that is running is being erased, or will be by the worker.
SELECT DISTINCT b.request_id
FROM unnest($1::uuid[], $2::uuid[]) AS b (request_id, subject_id)
LEFT JOIN rights_requests r ON r.request_id = b.request_id
LEFT JOIN subjects s ON s.subject_id = b.subject_id
WHERE r.state IN ('received', 'verifying', 'open') OR (r.state IS NULL AND s.state = 'active');

-- name: complete
-- Say that an erasure was done, as far as its journal knows; of a request that the backup does not have that is all.
INSERT INTO rights_requests AS r (
    request_id, "right", state, language, filed_by, received_at, due_at, completed_at, closed_at
) VALUES ($1, 'erasure', 'completed', 'en', 'journal', $2, $2, $2, $2)
ON CONFLICT (request_id) DO UPDATE SET
    state = 'completed', completed_at = coalesce(r.completed_at, $2), closed_at = coalesce(r.closed_at, $2);
