-- name: admit
-- Record identifiers not seen before, each with the new subject proposed for it; others are left alone. The new subjects,
-- or null where the key's rotation is at another stage than $2 to $4: then nothing is recorded. While a key is rotated
-- each identifier has a row under both versions, of which the one that people are found by decides.
WITH stage AS (
    SELECT FROM key_stages WHERE use = 'lookup' AND oldest = $2 AND newest = $3 AND reads = $4
), proposed AS (
    SELECT
        decode(lookup, 'base64') AS lookup, decode(also, 'base64') AS also, subject_id, kind, key_version, also_version,
        decode(sealed, 'base64') AS sealed, created_at
    FROM json_to_recordset($1) AS p (
        lookup text, also text, subject_id uuid, kind text, key_version smallint, also_version smallint, sealed text,
        created_at timestamptz
    )
    WHERE EXISTS (SELECT FROM stage)
    ORDER BY 1
), admitted AS (
    INSERT INTO lookups (lookup, subject_id, kind, key_version, sealed, created_at)
    SELECT lookup, subject_id, kind, key_version, sealed, coalesce(created_at, clock_timestamp()) FROM proposed
    ON CONFLICT (lookup) DO NOTHING
    RETURNING subject_id, created_at
), accompanied AS (
    INSERT INTO lookups (lookup, subject_id, kind, key_version, sealed, created_at)
    SELECT also, p.subject_id, kind, also_version, sealed, a.created_at
    FROM admitted a JOIN proposed p USING (subject_id)
    WHERE also IS NOT NULL
    ORDER BY 1
), made AS (
    INSERT INTO subjects (subject_id, created_at) SELECT subject_id, created_at FROM admitted RETURNING subject_id
)
SELECT CASE WHEN EXISTS (SELECT FROM stage) THEN ARRAY(SELECT subject_id FROM made) END AS new;

-- name: rectify
-- Let the subject of an identifier be found by another of the same kind too, under each version of the key that is in use.
-- How many of these rows are new, or null where the key's rotation is at another stage than $6 to $8.
WITH stage AS (
    SELECT FROM key_stages WHERE use = 'lookup' AND oldest = $6 AND newest = $7 AND reads = $8
), placed AS (
    INSERT INTO lookups (lookup, subject_id, kind, key_version, sealed, created_at, linked_to)
    SELECT p.lookup, l.subject_id, l.kind, p.key_version, $5, l.created_at, l.linked_to
    FROM unnest($3::bytea[], $4::smallint[]) AS p (lookup, key_version) JOIN lookups l ON l.lookup = $1 AND l.kind = $2
    WHERE EXISTS (SELECT FROM stage)
    ORDER BY 1
    ON CONFLICT (lookup) DO NOTHING
    RETURNING lookup
)
SELECT CASE WHEN EXISTS (SELECT FROM stage) THEN (SELECT count(*) FROM placed) END AS placed;

-- name: replace
-- Delete the identifiers of a subject of one kind but for some.
DELETE FROM lookups WHERE subject_id = $1 AND kind = $2 AND lookup <> ALL($3::bytea[]);

-- name: resolve
-- The active subjects behind lookups, and whose own each lookup is: another's where it is linked.
SELECT l.lookup, s.subject_id, l.subject_id AS home
FROM lookups l JOIN subjects s ON s.subject_id = coalesce(l.linked_to, l.subject_id)
WHERE l.lookup = ANY(sought($1::bytea[])) AND s.state = 'active';

-- name: confirm
-- The database's clock and, in the same snapshot, the same again (one row of nulls for none).
SELECT c.now, f.lookup, f.subject_id, f.home
FROM (SELECT clock_timestamp() AS now) AS c
LEFT JOIN (
    SELECT l.lookup, s.subject_id, l.subject_id AS home
    FROM lookups l JOIN subjects s ON s.subject_id = coalesce(l.linked_to, l.subject_id)
    WHERE l.lookup = ANY(sought($1::bytea[])) AND s.state = 'active'
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
-- Let an identifier, under each version of the key, lead to another subject than its own.
UPDATE lookups l SET linked_to = $2
FROM lookups o WHERE o.lookup = $1 AND l.subject_id = o.subject_id AND l.kind = o.kind;

-- name: unlink
-- Let it lead to its own subject again.
UPDATE lookups l SET linked_to = NULL
FROM lookups o WHERE o.lookup = $1 AND l.subject_id = o.subject_id AND l.kind = o.kind;

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
-- Forget the keys of a use before a version: they are retired.
DELETE FROM key_fingerprints WHERE use = $1 AND version < $2;

-- name: stages
-- How far the rotation of each key is.
SELECT use, oldest, newest, reads FROM key_stages;

-- name: begin_stages
-- How far it is where nothing was ever rotated.
INSERT INTO key_stages (use, oldest, newest, reads) SELECT u, v, v, v FROM unnest($1::text[], $2::smallint[]) AS s (u, v)
ON CONFLICT (use) DO NOTHING;

-- name: publish
-- Tell every process that the rotation of a key has come further.
UPDATE key_stages SET oldest = $2, newest = $3, reads = $4, changed_at = clock_timestamp() WHERE use = $1;

-- name: stage_age
-- Since when the rotation of a key is as far as it is.
SELECT extract(epoch FROM clock_timestamp() - changed_at)::float8 AS seconds FROM key_stages WHERE use = $1;

-- name: transactions
-- The transactions of this database that are going on, each by a name of its own.
SELECT l.virtualtransaction AS name
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'virtualxid' AND l.granted AND a.datname = current_database() AND l.pid <> pg_backend_pid();

-- name: lookups_between
-- Lookups between two of them, in order, some at a time.
SELECT lookup, subject_id, kind, sealed FROM lookups WHERE lookup > $1 AND lookup < $2 ORDER BY lookup LIMIT $3;

-- name: lookups_named
-- Lookups by their names.
SELECT lookup, subject_id, kind, sealed FROM lookups WHERE lookup = ANY($1::bytea[]);

-- name: count_before
-- How many lookups stand before one.
SELECT count(*) FROM lookups WHERE lookup < $1;

-- name: copy_lookups
-- Give identifiers a row under another version of the key, in order; one that has it already is left alone.
INSERT INTO lookups (lookup, subject_id, kind, key_version, sealed, created_at, linked_to)
SELECT n.new, l.subject_id, l.kind, $3, l.sealed, l.created_at, l.linked_to
FROM unnest($1::bytea[], $2::bytea[]) AS n (old, new) JOIN lookups l ON l.lookup = n.old
ORDER BY n.new
ON CONFLICT (lookup) DO NOTHING;

-- name: agreeing
-- How many identifiers lead to the same subject under both versions of the key, whatever is linked.
SELECT count(*)
FROM unnest($1::bytea[], $2::bytea[]) AS n (old, new)
JOIN lookups o ON o.lookup = n.old
JOIN lookups l ON l.lookup = n.new
WHERE o.subject_id = l.subject_id AND o.linked_to IS NOT DISTINCT FROM l.linked_to;

-- name: drop_before
-- Delete some of the lookups before one.
DELETE FROM lookups WHERE lookup IN (SELECT lookup FROM lookups WHERE lookup < $1 ORDER BY lookup LIMIT $2);

-- name: sample
-- Somebody's sealed identifier, whoever's.
SELECT subject_id, sealed FROM lookups LIMIT 1;
