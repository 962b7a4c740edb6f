-- name: unknown
-- Of erasures that were begun those that this database does not know of: their subjects are active and their request is
-- not there, or it still waits for approval. One that is running is being erased, or will be by the worker.
SELECT DISTINCT b.request_id
FROM unnest($1::uuid[], $2::uuid[]) AS b (request_id, subject_id)
LEFT JOIN rights_requests r ON r.request_id = b.request_id
LEFT JOIN subjects s ON s.subject_id = b.subject_id
WHERE r.state IN ('received', 'verifying', 'open') OR (r.state IS NULL AND s.state = 'active');
