-- People, known by random ids; identifiers, known by keyed hashes.

CREATE TABLE lookups (
    lookup       bytea       NOT NULL PRIMARY KEY,
    subject_id   uuid        NOT NULL,
    kind         text        NOT NULL,
    key_version  smallint    NOT NULL,
    sealed       bytea       NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX lookups_subject ON lookups (subject_id);
COMMENT ON TABLE lookups IS 'The only way from an identifier to a subject. [purposes=none]';
COMMENT ON COLUMN lookups.lookup IS 'HMAC-SHA-256 of kind and normalised identifier; immutable. [pd=contact; erase=delete]';
COMMENT ON COLUMN lookups.subject_id IS 'Whose identifier it is. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN lookups.kind IS 'cookie, email, phone, customer_id …; immutable. [pd=contact; erase=delete]';
COMMENT ON COLUMN lookups.key_version IS 'Which lookup key made the hash. [pd=none]';
COMMENT ON COLUMN lookups.sealed IS 'The normalised identifier, AES-256-GCM. [pd=contact; sealed; erase=delete]';
COMMENT ON COLUMN lookups.created_at IS 'When the identifier was first recorded; immutable. [pd=contact; erase=delete]';

CREATE TABLE subjects (
    subject_id  uuid        NOT NULL PRIMARY KEY,
    created_at  timestamptz NOT NULL,
    state       text        NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'erased')),
    revision    bigint      NOT NULL DEFAULT 0
);
COMMENT ON TABLE subjects IS 'One row a person; a tombstone remains after erasure. [purposes=none]';
COMMENT ON COLUMN subjects.subject_id IS 'A random id (UUIDv7), never an identifier; kept as tombstone; immutable. [pd=pseudonym; subject; erase=keep]';
COMMENT ON COLUMN subjects.created_at IS 'When the person was first recorded; kept with the tombstone; immutable. [pd=technical; erase=keep]';
COMMENT ON COLUMN subjects.state IS 'active, or erased: the tombstone itself. [pd=technical; erase=keep]';
COMMENT ON COLUMN subjects.revision IS 'Grows with every consent change and erasure, so that a decision in flight notices. [pd=technical; erase=keep]';
