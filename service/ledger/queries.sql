-- name: append
-- Add entries, and their leaf hashes (RFC 6962) to what waits to enter the tree; nothing in the service ever updates an
-- entry but an erasure, which empties.
WITH added AS (
    INSERT INTO ledger_entries (
        subject_id, entry_id, kind, effective_at, recorded_at, payload, evidence, salt, commitment
    )
    SELECT
        subject_id, entry_id, kind, effective_at, recorded_at, payload, decode(evidence, 'base64'),
        decode(salt, 'base64'), decode(commitment, 'base64')
    FROM json_to_recordset($1) AS e (
        subject_id uuid, entry_id uuid, kind text, effective_at timestamptz, recorded_at timestamptz, payload jsonb,
        evidence text, salt text, commitment text
    )
    RETURNING entry_id, commitment
)
INSERT INTO ledger_queue (entry_id, leaf_hash) SELECT entry_id, sha256('\x00'::bytea || commitment) FROM added;

-- name: alone
-- Whether this is the only sequencer, until the transaction ends.
SELECT pg_try_advisory_xact_lock($1);

-- name: size
-- How many leaves the tree has.
SELECT coalesce(max(leaf_index) + 1, 0) FROM ledger_leaves;

-- name: integrate
-- Move up to $2 entries from the queue to the end of the tree, which has $1 leaves; tells their leaf hashes in order.
WITH taken AS (
    DELETE FROM ledger_queue WHERE ctid = ANY(ARRAY(SELECT ctid FROM ledger_queue LIMIT $2))
    RETURNING entry_id, leaf_hash
), placed AS (
    INSERT INTO ledger_leaves (leaf_index, entry_id, leaf_hash)
    SELECT $1::bigint - 1 + row_number() OVER (ORDER BY entry_id), entry_id, leaf_hash FROM taken
    RETURNING leaf_index, leaf_hash
)
SELECT leaf_hash FROM placed ORDER BY leaf_index;

-- name: complete
-- Keep subtrees that have become complete.
INSERT INTO ledger_nodes (level, place, hash) SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[]);

-- name: subtrees
-- The hashes of complete subtrees; a leaf is one too. Null for one that is not there.
SELECT w.level, w.place, coalesce(n.hash, l.leaf_hash) AS hash
FROM unnest($1::smallint[], $2::bigint[]) AS w (level, place)
LEFT JOIN ledger_nodes n ON n.level = w.level AND n.place = w.place
LEFT JOIN ledger_leaves l ON l.leaf_index = CASE w.level WHEN 0 THEN w.place END;

-- name: last
-- The checkpoint that was published last.
SELECT tree_size, root, note FROM ledger_checkpoints ORDER BY tree_size DESC LIMIT 1;

-- name: publish
-- Keep a checkpoint that was published; one that is there already is left alone.
INSERT INTO ledger_checkpoints (tree_size, root, note) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: leaf
-- Where an entry is in the tree; without a place while it waits, and no row for an entry that there is not.
SELECT leaf_index, leaf_hash FROM ledger_leaves WHERE entry_id = $1
UNION ALL
SELECT NULL, leaf_hash FROM ledger_queue WHERE entry_id = $1;

-- name: places
-- Where entries are in the tree; none for one that waits.
SELECT entry_id, leaf_index FROM ledger_leaves WHERE entry_id = ANY($1::uuid[]);

-- name: leaves
-- The leaves from $1 up to and without $2, each with its entry, and whether an erasure of its subject committed to it.
SELECT
    t.leaf_index, t.entry_id, t.leaf_hash,
    e.subject_id, e.kind, e.effective_at, e.recorded_at, e.payload, e.salt, e.commitment,
    e.payload IS NULL AND EXISTS (
        SELECT FROM ledger_entries x
        WHERE x.subject_id = e.subject_id AND x.kind IN ('erasure', 'purge')
            AND x.payload -> 'emptied' ? rtrim(translate(encode(e.commitment, 'base64'), '+/', '-_'), '=')
    ) AS erased
FROM ledger_leaves t
LEFT JOIN ledger_entries e ON e.entry_id = t.entry_id
WHERE t.leaf_index >= $1 AND t.leaf_index < $2
ORDER BY t.leaf_index;

-- name: completed
-- The subtrees that the leaves from $1 up to and without $2 completed: a short range of each level, read by its key.
SELECT n.level, n.place, n.hash
FROM generate_series(1, 62) AS w (level)
CROSS JOIN LATERAL (
    SELECT level, place, hash FROM ledger_nodes
    WHERE level = w.level AND place >= $1::bigint >> w.level AND place < $2::bigint >> w.level
    OFFSET 0
) AS n;

-- name: checkpoints
-- The checkpoints of trees of more than $1 and at most $2 leaves.
SELECT tree_size, root, note FROM ledger_checkpoints WHERE tree_size > $1 AND tree_size <= $2;

-- name: elsewhere
-- Where else in the tree the leaf of an entry is.
SELECT leaf_index, entry_id FROM ledger_leaves WHERE leaf_hash = $1 LIMIT 1;

-- name: beside
-- Which leaf makes the subtree $1 together with one beside it: $2 at its right, or $3 at its left.
SELECT leaf_index, entry_id, sha256('\x01'::bytea || leaf_hash || $2) = $1 AS left
FROM ledger_leaves
WHERE sha256('\x01'::bytea || leaf_hash || $2) = $1 OR sha256('\x01'::bytea || $3 || leaf_hash) = $1
LIMIT 1;

-- name: counted
-- How many entries there are, and how many of them wait.
SELECT (SELECT count(*) FROM ledger_entries) AS entries, (SELECT count(*) FROM ledger_queue) AS waiting;

-- name: stray
-- An entry that is neither in the tree nor waits, or one that waits and is not what it was when it was written.
SELECT e.entry_id
FROM ledger_entries e
LEFT JOIN ledger_leaves t ON t.entry_id = e.entry_id
LEFT JOIN ledger_queue q ON q.entry_id = e.entry_id
WHERE t.entry_id IS NULL AND q.leaf_hash IS DISTINCT FROM sha256('\x00'::bytea || e.commitment)
LIMIT 1;
