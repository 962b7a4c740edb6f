-- What protects a person beside consent: objections (Art. 21), restrictions (Art. 18), and grants without a guardian (Art. 8).

CREATE TABLE objections (
    subject_id        uuid        NOT NULL,
    purpose           text        NOT NULL,
    entry_id          uuid        NOT NULL,
    effective_at      timestamptz NOT NULL,
    direct_marketing  boolean     NOT NULL,
    PRIMARY KEY (subject_id, purpose)
);
COMMENT ON TABLE objections IS 'The last objection of each person to each purpose; the ledger has them all. [purposes=none]';
COMMENT ON COLUMN objections.subject_id IS 'Who objected. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN objections.purpose IS 'The purpose objected to. [pd=consent; erase=delete]';
COMMENT ON COLUMN objections.entry_id IS 'The ledger entry that says so. [pd=consent; erase=delete]';
COMMENT ON COLUMN objections.effective_at IS 'When it took effect; a later grant of the purpose ends it. [pd=consent; erase=delete]';
COMMENT ON COLUMN objections.direct_marketing IS 'Whether the purpose was direct marketing then, so that the objection covers all of it. [pd=consent; erase=delete]';

CREATE TABLE restrictions (
    subject_id  uuid        NOT NULL PRIMARY KEY,
    entry_id    uuid        NOT NULL,
    since       timestamptz NOT NULL
);
COMMENT ON TABLE restrictions IS 'Whose data may be kept and not used; a row goes when the restriction is lifted, its entries stay. [purposes=none]';
COMMENT ON COLUMN restrictions.subject_id IS 'Whose data it is. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN restrictions.entry_id IS 'The ledger entry that says so. [pd=consent; erase=delete]';
COMMENT ON COLUMN restrictions.since IS 'Since when. [pd=consent; erase=delete]';

ALTER TABLE consent_state ADD COLUMN guardian_missing boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN consent_state.guardian_missing IS 'Whether it was said by a minor for whom no guardian was verified. [pd=consent; erase=delete]';
COMMENT ON COLUMN ledger_entries.kind IS 'What kind of fact: consent, objection, restriction, restriction_lifted, erasure; immutable. [pd=none]';
COMMENT ON COLUMN ledger_entries.evidence IS 'What the site observed when it was said, and who agreed for a minor; sealed. [pd=consent; sealed; erase=empty]';
