-- The Merkle tree over the ledger: what waits to enter it, its leaves, its complete subtrees, and what was signed of it.

CREATE TABLE ledger_queue (
    entry_id   uuid  NOT NULL PRIMARY KEY,
    leaf_hash  bytea NOT NULL
) WITH (
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_cost_delay = 0,
    autovacuum_vacuum_insert_threshold = -1
);
COMMENT ON TABLE ledger_queue IS 'Entries that are not in the tree yet; written with the entry, emptied about once a second. [purposes=none]';
COMMENT ON COLUMN ledger_queue.entry_id IS 'The entry that waits. [pd=none]';
COMMENT ON COLUMN ledger_queue.leaf_hash IS 'The hash of its leaf (RFC 6962): of its commitment, which identifies no one. [pd=none]';

CREATE TABLE ledger_leaves (
    leaf_index  bigint NOT NULL PRIMARY KEY,
    entry_id    uuid   NOT NULL,
    leaf_hash   bytea  NOT NULL
);
CREATE UNIQUE INDEX ledger_leaves_entry ON ledger_leaves (entry_id);
COMMENT ON TABLE ledger_leaves IS 'The leaves of the tree, from 0 on without a gap; append only, for ever. [purposes=none]';
COMMENT ON COLUMN ledger_leaves.leaf_index IS 'Its place in the tree; immutable. [pd=none]';
COMMENT ON COLUMN ledger_leaves.entry_id IS 'The entry; immutable. [pd=none]';
COMMENT ON COLUMN ledger_leaves.leaf_hash IS 'The hash of the leaf (RFC 6962); immutable. [pd=none]';

CREATE TABLE ledger_nodes (
    level  smallint NOT NULL,
    place  bigint   NOT NULL,
    hash   bytea    NOT NULL,
    PRIMARY KEY (level, place)
);
COMMENT ON TABLE ledger_nodes IS 'The complete subtrees of more than one leaf, from which proofs are made; append only. [purposes=none]';
COMMENT ON COLUMN ledger_nodes.level IS 'It has two to this power leaves; immutable. [pd=none]';
COMMENT ON COLUMN ledger_nodes.place IS 'Its number from the left among those of its level, from 0 on; immutable. [pd=none]';
COMMENT ON COLUMN ledger_nodes.hash IS 'Its root hash (RFC 6962); immutable. [pd=none]';

CREATE TABLE ledger_checkpoints (
    tree_size  bigint NOT NULL PRIMARY KEY,
    root       bytea  NOT NULL,
    note       text   NOT NULL
);
COMMENT ON TABLE ledger_checkpoints IS 'Every checkpoint that was signed and published; append only. [purposes=none]';
COMMENT ON COLUMN ledger_checkpoints.tree_size IS 'How many leaves the tree had; immutable. [pd=none]';
COMMENT ON COLUMN ledger_checkpoints.root IS 'Its root hash (RFC 6962); immutable. [pd=none]';
COMMENT ON COLUMN ledger_checkpoints.note IS 'The signed note (C2SP tlog-checkpoint); immutable. [pd=none]';

-- Entries from before there was a tree enter it like all others.
INSERT INTO ledger_queue (entry_id, leaf_hash)
SELECT entry_id, sha256('\x00'::bytea || commitment) FROM ledger_entries;
