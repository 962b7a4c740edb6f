-- What happened, to whom, when it took effect and when we learnt it. Append only.

CREATE TABLE ledger_entries (
    subject_id    uuid        NOT NULL,
    entry_id      uuid        NOT NULL,
    kind          text        NOT NULL,
    effective_at  timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL,
    payload       jsonb,
    evidence      bytea,
    salt          bytea,
    commitment    bytea       NOT NULL,
    PRIMARY KEY (subject_id, entry_id)
);
CREATE INDEX ledger_entries_entry ON ledger_entries (entry_id);
COMMENT ON TABLE ledger_entries IS 'The ledger: one row a fact, never changed but emptied by an erasure. [purposes=none]';
COMMENT ON COLUMN ledger_entries.subject_id IS 'Whom it is about; a random id that leads nowhere after erasure; immutable. [pd=pseudonym; subject; erase=keep]';
COMMENT ON COLUMN ledger_entries.entry_id IS 'Names the entry; time-ordered; immutable. [pd=none]';
COMMENT ON COLUMN ledger_entries.kind IS 'What kind of fact: consent, erasure; immutable. [pd=none]';
COMMENT ON COLUMN ledger_entries.effective_at IS 'When it took effect; kept as proof that it happened; immutable. [pd=consent; erase=keep]';
COMMENT ON COLUMN ledger_entries.recorded_at IS 'When we learnt it, by the database''s clock; kept as proof; immutable. [pd=consent; erase=keep]';
COMMENT ON COLUMN ledger_entries.payload IS 'The fact: what the commitment commits to. [pd=consent; erase=empty]';
COMMENT ON COLUMN ledger_entries.evidence IS 'What the site observed when it was said; sealed. [pd=consent; sealed; erase=empty]';
COMMENT ON COLUMN ledger_entries.salt IS '32 random bytes; without them the commitment says nothing. [pd=consent; erase=empty]';
COMMENT ON COLUMN ledger_entries.commitment IS 'SHA-256 of salt and canonical payload; identifies no one once the salt is gone; immutable. [pd=none]';
