-- Which offer filled which placement, and why. Only decisions that used the person's data are stored.

CREATE TABLE decisions (
    subject_id   uuid             NOT NULL,
    decision_id  uuid             NOT NULL,
    site         text             NOT NULL,
    placement    text             NOT NULL,
    offer        text             NOT NULL,
    stage        text,
    mode         text             NOT NULL,
    reason       text             NOT NULL,
    proof        uuid[]           NOT NULL,
    purposes     text[]           NOT NULL,
    propensity   double precision NOT NULL,
    bundle       text             NOT NULL,
    inputs       bytea            NOT NULL,
    decided_at   timestamptz      NOT NULL,
    PRIMARY KEY (subject_id, decision_id)
);
CREATE INDEX decisions_decision ON decisions (decision_id);
COMMENT ON TABLE decisions IS 'One row a profiled decision. [purposes=purposes]';
COMMENT ON COLUMN decisions.subject_id IS 'For whom. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN decisions.decision_id IS 'Names the decision; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.site IS 'On which site; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.placement IS 'Which slot was filled; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.offer IS 'By which offer; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.stage IS 'At which stage of the default journey; an inference; immutable. [pd=inference; erase=delete]';
COMMENT ON COLUMN decisions.mode IS 'profiled; the other modes are not stored; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.reason IS 'Why this offer, in OpenFeature''s words; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.proof IS 'The ledger entries that allowed it; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.purposes IS 'The purposes whose data was used; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.propensity IS 'With which probability this offer was chosen; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.bundle IS 'Digest of the policies in force; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.inputs IS 'The values that the rules read, with their purposes; sealed. [pd=inference; sealed; erase=delete]';
COMMENT ON COLUMN decisions.decided_at IS 'When, by the service''s clock; immutable. [pd=decision; erase=delete]';
