-- What makes a person's sealed values readable and their pseudonyms computable, apart from what is sealed.

CREATE TABLE epochs (
    epoch      smallint    NOT NULL PRIMARY KEY,
    began_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at  timestamptz,
    ended_at   timestamptz
);
COMMENT ON TABLE epochs IS 'One row an epoch key; the key itself is in the key file until the epoch ends. [purposes=none]';
COMMENT ON COLUMN epochs.epoch IS 'The number of the epoch key in the key file; immutable. [pd=none]';
COMMENT ON COLUMN epochs.began_at IS 'When the first key could be wrapped by it; immutable. [pd=none]';
COMMENT ON COLUMN epochs.closed_at IS 'From when on no key is wrapped by it any more; null while it is in use. [pd=none]';
COMMENT ON COLUMN epochs.ended_at IS 'When the epoch key was destroyed, after everyone left was wrapped anew; null before. [pd=none]';

CREATE TABLE recipient_keys (
    version   smallint    NOT NULL PRIMARY KEY,
    began_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE recipient_keys IS 'One row a version of the key of pseudonyms; the newest counts, and the key itself is in the key file. [purposes=none]';
COMMENT ON COLUMN recipient_keys.version IS 'The version of the key in the key file; immutable. [pd=none]';
COMMENT ON COLUMN recipient_keys.began_at IS 'From when on recipients got pseudonyms under it; immutable. [pd=none]';

CREATE TABLE subject_keys (
    subject_id        uuid        NOT NULL PRIMARY KEY,
    epoch             smallint    NOT NULL,
    data_key          bytea       NOT NULL,
    pseudonym_secret  bytea       NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX subject_keys_epoch ON subject_keys (epoch, subject_id);
CREATE INDEX subject_keys_created ON subject_keys (created_at, subject_id);
COMMENT ON TABLE subject_keys IS 'One row a person: without it nothing that is sealed of them opens, and no pseudonym can be computed. [purposes=none]';
COMMENT ON COLUMN subject_keys.subject_id IS 'Whose; immutable. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN subject_keys.epoch IS 'Which epoch key wraps both. [pd=none]';
COMMENT ON COLUMN subject_keys.data_key IS 'A random key of 32 bytes for what is sealed of the person, wrapped (AES-KWP). [pd=technical; erase=delete]';
COMMENT ON COLUMN subject_keys.pseudonym_secret IS '32 random bytes that go into the person''s pseudonyms, wrapped (AES-KWP). [pd=technical; erase=delete]';
COMMENT ON COLUMN subject_keys.created_at IS 'When; immutable. [pd=technical; erase=delete]';

CREATE TABLE sweeps (
    sweep       smallint    NOT NULL PRIMARY KEY CHECK (sweep = 1),
    created_at  timestamptz NOT NULL,
    subject_id  uuid        NOT NULL
);
COMMENT ON TABLE sweeps IS 'One row: up to which key those without a person have been looked for. [purposes=none]';
COMMENT ON COLUMN sweeps.sweep IS 'Always 1. [pd=none]';
COMMENT ON COLUMN sweeps.created_at IS 'When the last key that was looked at had been made. [pd=none]';
COMMENT ON COLUMN sweeps.subject_id IS 'Whose it was or was to be; among keys of the same moment the order. [pd=none]';
INSERT INTO sweeps (sweep, created_at, subject_id) VALUES (1, '-infinity', '00000000-0000-0000-0000-000000000000');
