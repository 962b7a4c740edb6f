-- What is due is found by its age: an hour's worth of rows at each look, and not every row of the table.
CREATE INDEX touchpoints_age ON touchpoints (recorded_at);
CREATE INDEX decisions_age ON decisions (decided_at);
CREATE INDEX interactions_age ON interactions (recorded_at);
CREATE INDEX cap_counters_age ON cap_counters (counted_since);
CREATE INDEX rights_requests_closed ON rights_requests (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE retention_marks (
    name     text        NOT NULL,
    purpose  text        NOT NULL,
    before   timestamptz NOT NULL,
    PRIMARY KEY (name, purpose)
);
COMMENT ON TABLE retention_marks IS 'How far retention has looked; what is older has been judged. [purposes=none]';
COMMENT ON COLUMN retention_marks.name IS 'The table whose rows were looked at; immutable. [pd=none]';
COMMENT ON COLUMN retention_marks.purpose IS 'The purpose whose retention had run out for them, empty for none; immutable. [pd=none]';
COMMENT ON COLUMN retention_marks.before IS 'Rows from before this time have been looked at. [pd=none]';
