-- What a no deletes (Art. 17(1)(b) and (c)), and whom else it is told.
--
-- The comment of a table whose rows are kept for purposes ends with [purposes=COLUMN; since=COLUMN; needs=one|all]. A row
-- counts for a purpose if its `since` is no earlier than what the person last said allows; it needs one of its purposes
-- to count, or all of them. One that lacks them is deleted, or has the columns tagged `ended=empty` emptied and the
-- column tagged `ended=date` filled with the time.

CREATE TABLE deletions (
    subject_id  uuid        NOT NULL PRIMARY KEY,
    since       timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE deletions IS 'Whose data of ended purposes is not all deleted yet: too many rows for one transaction, or held. [purposes=none]';
COMMENT ON COLUMN deletions.subject_id IS 'Whose data. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN deletions.since IS 'Since when the worker has to look after it. [pd=technical; erase=delete]';

-- What was said no to before there was a deletion.
INSERT INTO deletions (subject_id)
SELECT subject_id FROM consent_state WHERE status <> 'given' UNION SELECT subject_id FROM objections;

CREATE TABLE outbox (
    subject_id   uuid        NOT NULL,
    message_id   uuid        NOT NULL,
    recipient    text        NOT NULL,
    kind         text        NOT NULL,
    content      jsonb       NOT NULL,
    enqueued_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (subject_id, message_id)
);
COMMENT ON TABLE outbox IS 'What recipients are to be told, written with the change that it tells of. [purposes=none]';
COMMENT ON COLUMN outbox.subject_id IS 'Of whom; the recipient gets a pseudonym instead. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN outbox.message_id IS 'Names the message; time-ordered; immutable. [pd=none]';
COMMENT ON COLUMN outbox.recipient IS 'Who is told: a recipient of the bundle; immutable. [pd=consent; erase=delete]';
COMMENT ON COLUMN outbox.kind IS 'What kind of message: consent; immutable. [pd=consent; erase=delete]';
COMMENT ON COLUMN outbox.content IS 'What is told, of a consent: purpose, status, entry, times; never an identifier; immutable. [pd=consent; erase=delete]';
COMMENT ON COLUMN outbox.enqueued_at IS 'When it was written; immutable. [pd=consent; erase=delete]';

ALTER TABLE decisions ALTER COLUMN inputs DROP NOT NULL;
ALTER TABLE decisions ADD COLUMN emptied_at timestamptz;
COMMENT ON TABLE decisions IS 'One row a profiled decision. [purposes=purposes; since=decided_at; needs=all]';
COMMENT ON COLUMN decisions.stage IS 'At which stage of the default journey; an inference. [pd=inference; ended=empty; erase=delete]';
COMMENT ON COLUMN decisions.inputs IS 'The values that the rules read, with their purposes; sealed. [pd=inference; sealed; ended=empty; erase=delete]';
COMMENT ON COLUMN decisions.emptied_at IS 'When inputs and stage were deleted, because a purpose that they were used for had ended. [pd=decision; ended=date; erase=delete]';

COMMENT ON TABLE touchpoints IS 'One row a contact. [purposes=purposes; since=recorded_at; needs=one]';
