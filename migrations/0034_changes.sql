-- Recipients that follow the changes: their keys, and what they called people who are gone.

ALTER TABLE api_keys
    ADD COLUMN recipient text,
    ADD CONSTRAINT api_keys_recipient CHECK (recipient IS NULL OR kind = 'server');
COMMENT ON COLUMN api_keys.recipient IS 'The recipient of the bundle that the key belongs to; null for one of the controller''s own. [pd=none]';

CREATE TABLE farewells (
    entry_id   uuid        NOT NULL,
    recipient  text        NOT NULL,
    pseudonym  bytea       NOT NULL,
    erased_at  timestamptz NOT NULL,
    PRIMARY KEY (entry_id, recipient)
);
CREATE INDEX farewells_erased_at ON farewells (erased_at);
COMMENT ON TABLE farewells IS 'What recipients called people who were erased, so that they can be told; forgotten after 30 days. [purposes=none]';
COMMENT ON COLUMN farewells.entry_id IS 'The ledger entry of the erasure, which leads to nobody; immutable. [pd=pseudonym; subject]';
COMMENT ON COLUMN farewells.recipient IS 'Who is to be told: a recipient of the bundle; immutable. [pd=none]';
COMMENT ON COLUMN farewells.pseudonym IS 'What they called the person; sealed; immutable. [pd=pseudonym; sealed]';
COMMENT ON COLUMN farewells.erased_at IS 'When the person was erased; immutable. [pd=none]';
