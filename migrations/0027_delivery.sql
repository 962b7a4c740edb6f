-- What recipients are told is delivered, and they answer.

ALTER TABLE outbox
    ADD COLUMN request_id      uuid,
    ADD COLUMN pseudonym       text,
    ADD COLUMN due_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN attempts        integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    ADD COLUMN failure         text,
    ADD COLUMN delivered_at    timestamptz,
    ADD COLUMN dead_at         timestamptz,
    ADD COLUMN acknowledged_at timestamptz,
    ADD COLUMN answer          text CHECK (answer IN ('done', 'nothing_held', 'refused'));
CREATE INDEX outbox_waiting ON outbox (recipient, due_at) WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_delivered ON outbox (delivered_at) WHERE delivered_at IS NOT NULL;
CREATE INDEX outbox_message_id ON outbox (message_id);
CREATE INDEX outbox_request_id ON outbox (request_id) WHERE request_id IS NOT NULL;
COMMENT ON TABLE outbox IS 'What recipients are told, written with the change that it tells of, and what became of it. [purposes=none]';
COMMENT ON COLUMN outbox.subject_id IS 'Of whom; the recipient gets a pseudonym instead; of an erasure the request, since the subject is gone. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN outbox.kind IS 'What kind of message: consent, objection, restriction, restriction_lifted, rectification, erasure; immutable. [pd=consent; erase=delete]';
COMMENT ON COLUMN outbox.request_id IS 'The rights request that it tells of; immutable. [pd=none]';
COMMENT ON COLUMN outbox.pseudonym IS 'By which name the recipient knows an erased subject; emptied when it has answered. [pd=pseudonym; erase=delete]';
COMMENT ON COLUMN outbox.due_at IS 'When it is tried next; while it is being tried, when that counts as failed. [pd=none]';
COMMENT ON COLUMN outbox.attempts IS 'How often it was tried in vain. [pd=none]';
COMMENT ON COLUMN outbox.failure IS 'Why the last attempt was in vain: a word of a closed list, or the status of the answer. [pd=none]';
COMMENT ON COLUMN outbox.delivered_at IS 'When the recipient took it. [pd=consent; erase=delete]';
COMMENT ON COLUMN outbox.dead_at IS 'When it was given up; an officer may have it tried again. [pd=none]';
COMMENT ON COLUMN outbox.acknowledged_at IS 'When the recipient said what it did. [pd=consent; erase=delete]';
COMMENT ON COLUMN outbox.answer IS 'What it did: done, nothing_held, refused. [pd=consent; erase=delete]';
