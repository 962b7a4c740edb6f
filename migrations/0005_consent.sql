-- What each person last said about each purpose: the fold of the ledger.

CREATE TABLE consent_state (
    subject_id      uuid        NOT NULL,
    purpose         text        NOT NULL,
    status          text        NOT NULL CHECK (status IN ('given', 'refused', 'withdrawn')),
    entry_id        uuid        NOT NULL,
    effective_at    timestamptz NOT NULL,
    valid_until     timestamptz,
    given_since     timestamptz,
    notice_id       text        NOT NULL,
    notice_version  text        NOT NULL,
    gpc             boolean     NOT NULL,
    PRIMARY KEY (subject_id, purpose)
);
COMMENT ON TABLE consent_state IS 'Projection of ledger_entries: state == fold(history). [purposes=none]';
COMMENT ON COLUMN consent_state.subject_id IS 'Whose decision. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN consent_state.purpose IS 'The purpose decided on. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.status IS 'given, refused or withdrawn; expiry is judged when read. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.entry_id IS 'The ledger entry that says so. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.effective_at IS 'When it took effect. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.valid_until IS 'The instant from which a grant is expired. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.given_since IS 'When the unbroken run of grants was first recorded: data is readable from then on. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.notice_id IS 'The notice that was shown. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.notice_version IS 'Its version. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.gpc IS 'Whether Global Privacy Control was on when it was said. [pd=consent; erase=delete]';
