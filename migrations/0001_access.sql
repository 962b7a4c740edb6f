-- Who may call, and what was already answered.
--
-- Every column says what it is and ends with a tag: [pd=CATEGORY; FLAGS; erase=delete|empty|keep] or [pd=none].
-- pd: the category of personal data; `subject` marks the subject's own id, `lookups` a list of the keyed hashes of
-- identifiers, `sealed` a value encrypted under the name of table, column and owner (the subject, else the row's key).
-- erase: what an erasure does: delete the row, empty the column, or keep it for the reason that the text gives.
-- Every table says which column names the purposes that its rows are kept for, or [purposes=none].

CREATE TABLE api_keys (
    key_id      text        NOT NULL PRIMARY KEY,
    kind        text        NOT NULL CHECK (kind IN ('server', 'browser')),
    key_hash    bytea       NOT NULL,
    scopes      text[]      NOT NULL,
    site        text,
    label       text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at  timestamptz,
    CHECK ((kind = 'browser') = (site IS NOT NULL))
);
COMMENT ON TABLE api_keys IS 'Credentials of servers and browsers. [purposes=none]';
COMMENT ON COLUMN api_keys.key_id IS 'The public half of the key; immutable. [pd=none]';
COMMENT ON COLUMN api_keys.kind IS 'server (secret key) or browser (publishable key); immutable. [pd=none]';
COMMENT ON COLUMN api_keys.key_hash IS 'SHA-256 of the 256 random bits of the secret half; immutable. [pd=none]';
COMMENT ON COLUMN api_keys.scopes IS 'What the key may do. [pd=none]';
COMMENT ON COLUMN api_keys.site IS 'The site a browser key belongs to; its origins are in the bundle. [pd=none]';
COMMENT ON COLUMN api_keys.label IS 'What the operator called the key. [pd=none]';
COMMENT ON COLUMN api_keys.created_at IS 'When the key was made; immutable. [pd=none]';
COMMENT ON COLUMN api_keys.revoked_at IS 'From when the key is refused. [pd=none]';

CREATE TABLE officers (
    officer_id  uuid        NOT NULL PRIMARY KEY,
    login       text        NOT NULL UNIQUE,
    token_id    text        NOT NULL UNIQUE,
    token_hash  bytea       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at  timestamptz
);
COMMENT ON TABLE officers IS 'Privacy officers: people of the controller, not subjects. [purposes=none]';
COMMENT ON COLUMN officers.officer_id IS 'Who acted, in the rights tables; immutable. [pd=none]';
COMMENT ON COLUMN officers.login IS 'The name the officer signs in with; staff data of the controller, never in a package. [pd=none]';
COMMENT ON COLUMN officers.token_id IS 'The public half of the officer''s token. [pd=none]';
COMMENT ON COLUMN officers.token_hash IS 'SHA-256 of the 256 random bits of the secret half. [pd=none]';
COMMENT ON COLUMN officers.created_at IS 'When the officer was added; immutable. [pd=none]';
COMMENT ON COLUMN officers.revoked_at IS 'From when the officer is refused. [pd=none]';

CREATE TABLE idempotency (
    key_hash    bytea       NOT NULL PRIMARY KEY,
    body_mac    bytea       NOT NULL,
    answer      bytea,
    subject_id  uuid,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX idempotency_subject ON idempotency (subject_id) WHERE subject_id IS NOT NULL;
CREATE INDEX idempotency_age ON idempotency (created_at);
COMMENT ON TABLE idempotency IS 'Answers already given, for 24 hours, so that a repeated write is answered and not done again. [purposes=none]';
COMMENT ON COLUMN idempotency.key_hash IS 'HMAC of caller and Idempotency-Key; immutable. [pd=none]';
COMMENT ON COLUMN idempotency.body_mac IS 'HMAC of operation and body; kept its 24 hours, so that a repetition does not undo an erasure; immutable. [pd=technical; erase=keep]';
COMMENT ON COLUMN idempotency.answer IS 'The answer, a copy of what the tables of the domain hold; sealed. [pd=technical; sealed; erase=empty]';
COMMENT ON COLUMN idempotency.subject_id IS 'Whom the answer is about, if anyone. [pd=pseudonym; subject; erase=empty]';
COMMENT ON COLUMN idempotency.created_at IS 'When the answer was given; kept with the key; immutable. [pd=technical; erase=keep]';
