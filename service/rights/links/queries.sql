-- name: issue
-- Keep the hash of a new token; the link before it is none any more. The time is the database's unless one is chosen.
INSERT INTO package_links (request_id, token_hash, expires_at)
VALUES ($1, $2, coalesce($3, clock_timestamp()) + $4::interval)
ON CONFLICT (request_id) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at;

-- name: link
-- Where a link leads, and whether the package is still to be fetched.
SELECT l.request_id, r.language, l.expires_at, r.state
FROM package_links l JOIN rights_requests r ON r.request_id = l.request_id
WHERE l.token_hash = $1;
