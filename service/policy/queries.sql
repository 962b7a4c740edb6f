-- name: activate
-- Keep the bundle for ever and make it the active one.
INSERT INTO bundles (digest, content) VALUES ($1, $2)
ON CONFLICT (digest) DO UPDATE SET activated_at = clock_timestamp();

-- name: digests
-- Every bundle that was ever active, the last one first.
SELECT digest FROM bundles ORDER BY activated_at DESC, digest;

-- name: content
-- All files of one bundle.
SELECT content FROM bundles WHERE digest = $1;
