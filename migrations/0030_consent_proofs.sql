-- What an erasure keeps of consents for legal claims (Art. 17(3)(e)): sealed, dated, opened by two officers together.

CREATE TABLE consent_proofs (
    subject_id uuid        NOT NULL,
    entry_id   uuid        NOT NULL,
    sealed     bytea       NOT NULL,
    keep_until timestamptz NOT NULL,
    asked_by   uuid,
    asked_at   timestamptz,
    PRIMARY KEY (subject_id, entry_id)
);
CREATE UNIQUE INDEX consent_proofs_entry ON consent_proofs (entry_id);
CREATE INDEX consent_proofs_ended ON consent_proofs (keep_until);
COMMENT ON TABLE consent_proofs IS 'One row a consent of somebody erased: the entry of the ledger that was emptied. [purposes=none]';
COMMENT ON COLUMN consent_proofs.subject_id IS 'Whose it was; a random id that leads nowhere; immutable. [pd=pseudonym; subject; erase=keep]';
COMMENT ON COLUMN consent_proofs.entry_id IS 'The entry, which a kept receipt names; immutable. [pd=none]';
COMMENT ON COLUMN consent_proofs.sealed IS 'Payload and salt of the entry, and the keyed hashes of the identifiers; sealed under the claims key; immutable. [pd=consent; erase=keep]';
COMMENT ON COLUMN consent_proofs.keep_until IS 'When it is deleted; immutable. [pd=none]';
COMMENT ON COLUMN consent_proofs.asked_by IS 'The officer who asked to open it, and waits for another; null if nobody does. [pd=none]';
COMMENT ON COLUMN consent_proofs.asked_at IS 'When. [pd=none]';
