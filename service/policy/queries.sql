-- name: activate
-- Keep the bundle for ever and make it the active one, if it is not that already.
-- After a clock that was set back the new one is the latest all the same.
WITH kept AS (INSERT INTO bundles (digest, content) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING),
latest AS (SELECT activated_at, digest FROM activations ORDER BY activated_at DESC, digest DESC LIMIT 1)
INSERT INTO activations (digest, officer_id, activated_at)
SELECT $1, $3, greatest(clock_timestamp(), (SELECT activated_at + interval '1 microsecond' FROM latest))
WHERE $1 IS DISTINCT FROM (SELECT digest FROM latest);

-- name: one_at_a_time
-- Wait for whoever else activates a bundle, until the end of the transaction.
SELECT pg_advisory_xact_lock($1);

-- name: latest
-- The activation in force.
SELECT activated_at, digest, officer_id FROM activations ORDER BY activated_at DESC, digest DESC LIMIT 1;

-- name: activations
-- When which bundle was made the active one, the oldest first.
SELECT activated_at, digest, officer_id FROM activations ORDER BY activated_at, digest;

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
