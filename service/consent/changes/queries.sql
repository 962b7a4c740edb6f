-- name: place
-- Where an entry is in the tree.
SELECT leaf_index FROM ledger_leaves WHERE entry_id = $1;

-- name: stand
-- How many leaves the tree has, and since when there may be more: since the first entry that waits, or since now.
SELECT
    (SELECT coalesce(max(leaf_index) + 1, 0) FROM ledger_leaves) AS tree_size,
    least(
        transaction_timestamp(),
        (SELECT min(e.recorded_at) FROM ledger_queue q JOIN ledger_entries e ON e.entry_id = q.entry_id)
    ) AS as_of;

-- name: last
-- The entry of the last leaf of some.
SELECT entry_id FROM ledger_leaves WHERE leaf_index = $1;

-- name: turned
-- Whose standing on the purposes $3 the leaves from $1 up to and without $2 may have changed; $4: one of these purposes is
-- direct marketing, so that any objection to that counts. An erased subject is known by what recipient $5 called them.
SELECT e.subject_id, e.entry_id, e.kind IN ('erasure', 'purge') AS erased, f.pseudonym AS farewell
FROM ledger_leaves t
JOIN ledger_entries e ON e.entry_id = t.entry_id
LEFT JOIN farewells f ON f.entry_id = e.entry_id AND f.recipient = $5
WHERE t.leaf_index >= $1 AND t.leaf_index < $2 AND CASE e.kind
    WHEN 'consent' THEN e.payload ->> 'purpose' = ANY($3::text[])
    WHEN 'objection' THEN e.payload ->> 'purpose' = ANY($3::text[]) OR $4 AND (e.payload -> 'direct_marketing')::boolean
    WHEN 'erasure' THEN f.pseudonym IS NOT NULL
    WHEN 'purge' THEN f.pseudonym IS NOT NULL
    ELSE e.kind IN ('restriction', 'restriction_lifted', 'link', 'unlink')
END
ORDER BY t.leaf_index;

-- name: followers
-- Which recipients follow the changes.
SELECT DISTINCT recipient FROM api_keys WHERE recipient IS NOT NULL AND revoked_at IS NULL;

-- name: bid
-- Keep how recipients called somebody who is being erased, so that they can be told.
INSERT INTO farewells (entry_id, recipient, pseudonym, erased_at)
SELECT $1, f.recipient, f.pseudonym, $4 FROM unnest($2::text[], $3::bytea[]) AS f (recipient, pseudonym)
ON CONFLICT DO NOTHING;

-- name: forget
-- Forget what recipients called people who were erased long ago.
DELETE FROM farewells WHERE erased_at < clock_timestamp() - make_interval(days => $1);
