-- name: activate
-- Keep the bundle for ever and make it the active one.
INSERT INTO bundles (digest, content) VALUES ($1, $2)
ON CONFLICT (digest) DO UPDATE SET activated_at = clock_timestamp();

-- name: digests
-- Every bundle that was ever active, the last one first.
SELECT digest FROM bundles ORDER BY activated_at DESC, digest;

-- name: keep_text
-- Keep a text that no bundle has; one that is there already is left alone.
INSERT INTO notice_texts (sha256, notice_id, version, language, text) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (sha256) DO NOTHING;

-- name: text
-- The text with a hash that came with an import.
SELECT notice_id, version, language, text FROM notice_texts WHERE sha256 = $1;

-- name: content
-- All files of one bundle.
SELECT content FROM bundles WHERE digest = $1;
