-- How far each erasure is, what must be kept all the same, and what the erased were called, so that no import revives them.

CREATE TABLE rights_tasks (
    request_id  uuid        NOT NULL,
    step        text        NOT NULL CHECK (
        step IN ('approve', 'journal', 'erase', 'notify', 'scan', 'shred', 'certify', 'inform')
    ),
    done_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome     jsonb       NOT NULL,
    notes       bytea,
    PRIMARY KEY (step, request_id)
);
CREATE INDEX rights_tasks_request ON rights_tasks (request_id);
COMMENT ON TABLE rights_tasks IS 'One row a step of an erasure that was done. [purposes=none]';
COMMENT ON COLUMN rights_tasks.request_id IS 'Of which request; immutable. [pd=none]';
COMMENT ON COLUMN rights_tasks.step IS 'Which of the eight steps; immutable. [pd=none]';
COMMENT ON COLUMN rights_tasks.done_at IS 'When; immutable. [pd=none]';
COMMENT ON COLUMN rights_tasks.outcome IS 'What the certificate will say of it: counts, times and names of tables and recipients; immutable. [pd=none]';
COMMENT ON COLUMN rights_tasks.notes IS 'Whom it is about, for the steps to come; sealed, and null once the certificate is issued. [pd=none; sealed]';

CREATE TABLE holds (
    subject_id  uuid        NOT NULL,
    data        text        NOT NULL,
    until       timestamptz NOT NULL,
    reason      bytea       NOT NULL,
    request_id  uuid        NOT NULL,
    held_at     timestamptz NOT NULL,
    PRIMARY KEY (subject_id, data, request_id)
);
CREATE INDEX holds_until ON holds (until);
CREATE INDEX holds_request ON holds (request_id);
COMMENT ON TABLE holds IS 'Data that must be kept for a time although its erasure was asked for (Art. 17(3)). [purposes=none]';
COMMENT ON COLUMN holds.subject_id IS 'Whose data. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN holds.data IS 'Which data: a table of the data map; immutable. [pd=request; erase=delete]';
COMMENT ON COLUMN holds.until IS 'Until when at the longest. [pd=request; erase=delete]';
COMMENT ON COLUMN holds.reason IS 'Why; sealed. [pd=request; sealed; erase=delete]';
COMMENT ON COLUMN holds.request_id IS 'On which request an officer said so; each holds for itself; immutable. [pd=request; erase=delete]';
COMMENT ON COLUMN holds.held_at IS 'Since when. [pd=request; erase=delete]';

CREATE TABLE suppressions (
    suppressed  bytea       NOT NULL PRIMARY KEY,
    erased_at   timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX suppressions_expiry ON suppressions (expires_at);
COMMENT ON TABLE suppressions IS 'Which identifiers were of somebody who has been erased, so that no import brings them back. [purposes=none]';
COMMENT ON COLUMN suppressions.suppressed IS 'The version of the key of claims, and a keyed hash of kind and normalised identifier under it; no lookup; immutable. [pd=contact; erase=keep]';
COMMENT ON COLUMN suppressions.erased_at IS 'When they were erased; of several times the last. [pd=technical; erase=keep]';
COMMENT ON COLUMN suppressions.expires_at IS 'When it is forgotten. [pd=technical; erase=keep]';
