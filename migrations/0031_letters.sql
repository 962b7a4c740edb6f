-- Letters to people: codes, and how their requests ended.

CREATE TABLE letters (
    request_id   uuid        NOT NULL,
    letter_id    uuid        NOT NULL,
    kind         text        NOT NULL,
    content      bytea       NOT NULL,
    attempts     integer     NOT NULL DEFAULT 0,
    enqueued_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    next_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    until        timestamptz NOT NULL,
    PRIMARY KEY (request_id, letter_id)
);
CREATE INDEX letters_next ON letters (next_at);
COMMENT ON TABLE letters IS 'Letters to people that are under way; a row goes with its address once it is delivered, or of no use. [purposes=none]';
COMMENT ON COLUMN letters.request_id IS 'About which request of theirs it is, which leads to nobody by itself; immutable. [pd=pseudonym; subject]';
COMMENT ON COLUMN letters.letter_id IS 'Names the letter; time-ordered; immutable. [pd=none]';
COMMENT ON COLUMN letters.kind IS 'What it is about: code, extended, refused, completed …; immutable. [pd=none]';
COMMENT ON COLUMN letters.content IS 'Where it goes and what it says; sealed; outlives an erasure until it is delivered. [pd=contact; sealed]';
COMMENT ON COLUMN letters.attempts IS 'How often it was tried. [pd=none]';
COMMENT ON COLUMN letters.enqueued_at IS 'When it was written; immutable. [pd=none]';
COMMENT ON COLUMN letters.next_at IS 'When it is tried, or may be tried by another worker. [pd=none]';
COMMENT ON COLUMN letters.until IS 'From when it is of no use; immutable. [pd=none]';
