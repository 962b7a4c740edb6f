-- name: activate
-- Keep the bundle for ever and make it the active one.
INSERT INTO bundles (digest, content) VALUES ($1, $2)
ON CONFLICT (digest) DO UPDATE SET activated_at = clock_timestamp();
