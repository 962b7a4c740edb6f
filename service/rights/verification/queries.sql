-- name: keep
-- Keep a new code of a request.
INSERT INTO rights_codes (code_id, request_id, lookups, address, code_hash, expires_at, sent)
VALUES ($1, $2, $3, $4, $5, $6, 1);

-- name: sendable
-- The codes of a request that may be sent once more.
SELECT code_id, lookups, address, code_hash, expires_at FROM rights_codes
WHERE request_id = $1 AND sent < $2 AND attempts < $3 ORDER BY code_id;

-- name: replace
-- Put a new code in the place of one; what was tried stays counted.
UPDATE rights_codes SET code_hash = $2, expires_at = $3, sent = sent + 1 WHERE code_id = $1;

-- name: attempt
-- Count an attempt on every code of a request, and show them; none once too many were made.
UPDATE rights_codes SET attempts = attempts + 1 WHERE request_id = $1 AND attempts < $2
RETURNING code_id, lookups, address, code_hash, expires_at;

-- name: forget
-- Delete up to $1 codes of requests that have got further.
DELETE FROM rights_codes WHERE code_id IN (
    SELECT c.code_id FROM rights_codes c
    LEFT JOIN rights_requests r ON r.request_id = c.request_id AND r.state IN ('received', 'verifying', 'open')
    WHERE r.request_id IS NULL
    LIMIT $1
);
