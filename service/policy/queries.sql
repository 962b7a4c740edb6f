-- name: activate
-- Keep the bundle for ever and make it the active one, if it is not that already.
WITH kept AS (INSERT INTO bundles (digest, content) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING)
INSERT INTO activations (digest)
SELECT $1
WHERE $1 IS DISTINCT FROM (SELECT digest FROM activations ORDER BY activated_at DESC, digest DESC LIMIT 1)
ON CONFLICT (activated_at, digest) DO NOTHING;

-- name: activations
-- When which bundle was made the active one, the oldest first.
SELECT activated_at, digest FROM activations ORDER BY activated_at, digest;

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
