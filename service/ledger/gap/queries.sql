-- name: closings
-- What the entries say that closed gaps.
SELECT payload FROM ledger_entries WHERE kind = 'gap_closed' ORDER BY entry_id;

-- name: there
-- Which of some entries there are.
SELECT entry_id FROM ledger_entries WHERE entry_id = ANY($1::uuid[]);

-- name: put_back
-- Put leaves back to the end of the tree, from number $1 on; entries that waited to be one of them wait no longer.
WITH back AS (
    SELECT entry_id, leaf_hash, place FROM unnest($2::uuid[], $3::bytea[]) WITH ORDINALITY AS b (entry_id, leaf_hash, place)
), waited AS (
    DELETE FROM ledger_queue WHERE entry_id = ANY($2::uuid[])
)
INSERT INTO ledger_leaves (leaf_index, entry_id, leaf_hash) SELECT $1::bigint - 1 + place, entry_id, leaf_hash FROM back;

-- name: leaves_from
-- Some leaves from a place on, in order.
SELECT entry_id, leaf_hash FROM ledger_leaves WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index;

-- name: clock
-- The database's clock.
SELECT clock_timestamp();
