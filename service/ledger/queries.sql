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
LEFT JOIN ledger_leaves l ON w.level = 0 AND l.leaf_index = w.place;

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
