-- What people did with what they were shown, and what offers have taught by it.

CREATE TABLE interactions (
    subject_id   uuid        NOT NULL,
    decision_id  uuid        NOT NULL,
    event        text        NOT NULL,
    placement    text        NOT NULL,
    offer        text        NOT NULL,
    stage        text        NOT NULL,
    occurred_at  timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    purposes     text[]      NOT NULL,
    shown        boolean     NOT NULL,
    succeeded    boolean     NOT NULL,
    PRIMARY KEY (subject_id, decision_id, event)
);
CREATE INDEX interactions_dismissals ON interactions (subject_id) WHERE event = 'dismissal';
COMMENT ON TABLE interactions IS 'One row for each kind of thing that somebody did with a decision. [purposes=purposes; since=recorded_at; needs=all]';
COMMENT ON COLUMN interactions.subject_id IS 'Who did it. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN interactions.decision_id IS 'With which decision; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.event IS 'What: impression, click, conversion, dismissal; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.placement IS 'Which slot the decision had filled; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.offer IS 'With which offer; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.stage IS 'At which stage of the default journey, empty for none; an inference; immutable. [pd=inference; erase=delete]';
COMMENT ON COLUMN interactions.occurred_at IS 'When it happened, as the sender says; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.recorded_at IS 'When we learnt it, by the database''s clock; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.purposes IS 'The purposes whose data the decision had used; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.shown IS 'Whether `arms` counts the offer as shown by this row. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.succeeded IS 'Whether `arms` counts a success by this row. [pd=behaviour; erase=delete]';

CREATE TABLE arms (
    placement  text   NOT NULL,
    stage      text   NOT NULL,
    offer      text   NOT NULL,
    shown      bigint NOT NULL,
    succeeded  bigint NOT NULL,
    revision   bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (placement, stage, offer)
);
COMMENT ON TABLE arms IS 'How often each offer was shown and succeeded: the sums of the rows of `interactions` that say so, and of no others. [purposes=none]';
COMMENT ON COLUMN arms.placement IS 'In which slot; immutable. [pd=none]';
COMMENT ON COLUMN arms.stage IS 'To people at which stage, empty for none; immutable. [pd=none]';
COMMENT ON COLUMN arms.offer IS 'Which offer; immutable. [pd=none]';
COMMENT ON COLUMN arms.shown IS 'To how many decisions it was shown. [pd=none]';
COMMENT ON COLUMN arms.succeeded IS 'With how many of them it succeeded. [pd=none]';
COMMENT ON COLUMN arms.revision IS 'How often either number changed. [pd=none]';

CREATE TABLE arm_tables (
    version        uuid        NOT NULL PRIMARY KEY,
    placement      text        NOT NULL,
    stage          text        NOT NULL,
    probabilities  jsonb       NOT NULL,
    revision       bigint      NOT NULL,
    computed_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX arm_tables_slot ON arm_tables (placement, stage, version);
COMMENT ON TABLE arm_tables IS 'With which probability each offer is the best of a slot, computed from `arms`; the newest version counts. [purposes=none]';
COMMENT ON COLUMN arm_tables.version IS 'Names the table, and seeds what it was drawn with; time-ordered; immutable. [pd=none]';
COMMENT ON COLUMN arm_tables.placement IS 'For which slot; immutable. [pd=none]';
COMMENT ON COLUMN arm_tables.stage IS 'For people at which stage, empty for none; immutable. [pd=none]';
COMMENT ON COLUMN arm_tables.probabilities IS 'By offer; they add up to one; immutable. [pd=none]';
COMMENT ON COLUMN arm_tables.revision IS 'The sum of the revisions of the arms that it was computed from; immutable. [pd=none]';
COMMENT ON COLUMN arm_tables.computed_at IS 'When; immutable. [pd=none]';
