-- name: admit
-- Record identifiers not seen before, each with the new subject proposed for it; others are left alone. The new subjects.
WITH proposed AS (
    SELECT decode(lookup, 'base64') AS lookup, subject_id, kind, key_version, decode(sealed, 'base64') AS sealed, created_at
    FROM json_to_recordset($1) AS p (
        lookup text, subject_id uuid, kind text, key_version smallint, sealed text, created_at timestamptz
    )
    ORDER BY 1
), admitted AS (
    INSERT INTO lookups (lookup, subject_id, kind, key_version, sealed, created_at)
    SELECT lookup, subject_id, kind, key_version, sealed, coalesce(created_at, clock_timestamp()) FROM proposed
    ON CONFLICT (lookup) DO NOTHING
    RETURNING subject_id, created_at
)
INSERT INTO subjects (subject_id, created_at) SELECT subject_id, created_at FROM admitted RETURNING subject_id;

-- name: resolve
-- The active subjects behind lookups, and whose own each lookup is: another's where it is linked.
SELECT l.lookup, s.subject_id, l.subject_id AS home
FROM lookups l JOIN subjects s ON s.subject_id = coalesce(l.linked_to, l.subject_id)
WHERE l.lookup = ANY($1::bytea[]) AND s.state = 'active';

-- name: confirm
-- The database's clock and, in the same snapshot, the same again (one row of nulls for none).
SELECT c.now, f.lookup, f.subject_id, f.home
FROM (SELECT clock_timestamp() AS now) AS c
LEFT JOIN (
    SELECT l.lookup, s.subject_id, l.subject_id AS home
    FROM lookups l JOIN subjects s ON s.subject_id = coalesce(l.linked_to, l.subject_id)
    WHERE l.lookup = ANY($1::bytea[]) AND s.state = 'active'
) AS f ON true;

-- name: lock_exclusive
-- Take the locks of subjects, in one order for every writer, against everyone.
SELECT pg_advisory_xact_lock(k)
FROM (SELECT DISTINCT hashtextextended(s::text, 0) AS k FROM unnest($1::uuid[]) AS s ORDER BY k) AS keys;

-- name: lock_shared
-- The same against whoever changes consent or erases, but not against one another.
SELECT pg_advisory_xact_lock_shared(k)
FROM (SELECT DISTINCT hashtextextended(s::text, 0) AS k FROM unnest($1::uuid[]) AS s ORDER BY k) AS keys;

-- name: bump
-- Count a change of consent, so that a decision in flight notices it.
UPDATE subjects SET revision = revision + 1 WHERE subject_id = ANY($1::uuid[]);

-- name: link
-- Let a lookup lead to another subject than its own.
UPDATE lookups SET linked_to = $2 WHERE lookup = $1;

-- name: unlink
-- Let a lookup lead to its own subject again.
UPDATE lookups SET linked_to = NULL WHERE lookup = $1;

-- name: release
-- Let every lookup that leads to a subject by a link lead to its own again.
UPDATE lookups SET linked_to = NULL WHERE linked_to = $1 RETURNING subject_id;

-- name: entomb
-- Set the tombstone of a subject.
UPDATE subjects SET state = 'erased', revision = revision + 1 WHERE subject_id = $1;

-- name: lookups_of
-- Every lookup of a subject.
SELECT lookup FROM lookups WHERE subject_id = $1 ORDER BY lookup;

-- name: active
-- Those of the subjects who are neither unknown nor erased.
SELECT subject_id FROM subjects WHERE subject_id = ANY($1::uuid[]) AND state = 'active';

-- name: next_active
-- The next active subjects.
SELECT subject_id FROM subjects WHERE subject_id > $1 AND state = 'active' ORDER BY subject_id LIMIT $2;

-- name: unprovided
-- The next subjects whose identifiers are sealed under a key of the deployment's.
SELECT DISTINCT subject_id FROM lookups WHERE subject_id > $1 AND sealed < $2::bytea ORDER BY subject_id LIMIT $3;

-- name: count_unprovided
-- How many those are.
SELECT count(DISTINCT subject_id) AS number FROM lookups WHERE sealed < $1::bytea;

-- name: provided
-- Those of the subjects whose identifiers are sealed under keys of their own.
SELECT DISTINCT subject_id FROM lookups WHERE subject_id = ANY($1::uuid[]) AND sealed >= $2::bytea;

-- name: to_shred
-- The erased whose keys may not be deleted yet.
SELECT subject_id FROM subjects WHERE state = 'erased' AND shredded_at IS NULL ORDER BY subject_id LIMIT $1;

-- name: shredded
-- Record that the keys of the erased are deleted.
UPDATE subjects SET shredded_at = clock_timestamp()
WHERE subject_id = ANY($1::uuid[]) AND state = 'erased' AND shredded_at IS NULL;

-- name: fingerprint
-- Keep the fingerprints of keys that were not seen before; of one that was, the first stays.
INSERT INTO key_fingerprints (use, version, fingerprint)
SELECT * FROM unnest($1::text[], $2::smallint[], $3::bytea[])
ON CONFLICT (use, version) DO NOTHING;

-- name: fingerprints
-- The fingerprints of every key that this database was ever used with.
SELECT use, version, fingerprint FROM key_fingerprints;

-- name: shredded_around
-- How many were shredded before a time, and since, and the last of each.
SELECT count(*) AS people, max(shredded_at) AS last FROM subjects WHERE shredded_at IS NOT NULL
GROUP BY coalesce(shredded_at < $1, false) ORDER BY last;

-- name: forget_fingerprints
-- Forget the fingerprints of older keys of a use, which are about to be destroyed.
DELETE FROM key_fingerprints WHERE use = $1 AND version < $2;

-- name: sample
-- Somebody's sealed identifier, whoever's.
SELECT subject_id, sealed FROM lookups LIMIT 1;
