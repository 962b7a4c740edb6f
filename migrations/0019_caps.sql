-- How often somebody, or everybody, was shown something in an hour, a day, a week or a month; and who may be learnt from.

CREATE TABLE cap_counters (
    subject_id     uuid        NOT NULL,
    cap            text        NOT NULL,
    window_start   timestamptz NOT NULL,
    n              integer     NOT NULL,
    purposes       text[]      NOT NULL,
    counted_since  timestamptz NOT NULL,
    PRIMARY KEY (subject_id, cap, window_start)
);
COMMENT ON TABLE cap_counters IS 'One row a counter: a cap, an offer, group or placement, and a window. [purposes=purposes; since=counted_since; needs=all]';
COMMENT ON COLUMN cap_counters.subject_id IS 'Whom it counts for; zero for everybody together, which says nothing about anyone. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN cap_counters.cap IS 'Which cap, and of which offer, group or placement; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN cap_counters.window_start IS 'When the hour, day, week or month began; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN cap_counters.n IS 'How often it was counted. [pd=decision; erase=delete]';
COMMENT ON COLUMN cap_counters.purposes IS 'The purposes of what was counted; none for everybody together. [pd=decision; erase=delete]';
COMMENT ON COLUMN cap_counters.counted_since IS 'When the first of them was counted. [pd=decision; erase=delete]';

ALTER TABLE decisions ADD COLUMN learnable boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN decisions.learnable IS 'Whether learning from it was allowed when it was made; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.reason IS 'Why this offer, in OpenFeature''s words, or HOLDOUT for who sees fallbacks to be compared with; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.inputs IS 'What it was made on: the values that the rules read with their purposes, what was allowed, what was out, and the draw; sealed. [pd=inference; sealed; ended=empty; erase=delete]';
