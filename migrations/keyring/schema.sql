-- The schema that the migrations lead to, as the catalogue has it. Written by `placet schema`.

CREATE TABLE epochs (
    epoch smallint NOT NULL,
    began_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamp with time zone,
    ended_at timestamp with time zone,
    CONSTRAINT epochs_pkey PRIMARY KEY (epoch)
);
COMMENT ON TABLE epochs IS 'One row an epoch key; the key itself is in the key file until the epoch ends. [purposes=none]';
COMMENT ON COLUMN epochs.epoch IS 'The number of the epoch key in the key file; immutable. [pd=none]';
COMMENT ON COLUMN epochs.began_at IS 'When the first key could be wrapped by it; immutable. [pd=none]';
COMMENT ON COLUMN epochs.closed_at IS 'From when on no key is wrapped by it any more; null while it is in use. [pd=none]';
COMMENT ON COLUMN epochs.ended_at IS 'When the epoch key was destroyed, after everyone left was wrapped anew; null before. [pd=none]';

CREATE TABLE migrations (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT migrations_pkey PRIMARY KEY (name)
);
COMMENT ON TABLE migrations IS 'Which files of migrations/ this database has. [purposes=none]';
COMMENT ON COLUMN migrations.name IS 'The file; immutable. [pd=none]';
COMMENT ON COLUMN migrations.checksum IS 'SHA-256 of the file, which never changes once applied; immutable. [pd=none]';
COMMENT ON COLUMN migrations.applied_at IS 'When; immutable. [pd=none]';

CREATE TABLE recipient_keys (
    version smallint NOT NULL,
    began_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT recipient_keys_pkey PRIMARY KEY (version)
);
COMMENT ON TABLE recipient_keys IS 'One row a version of the key of pseudonyms; the newest counts, and the key itself is in the key file. [purposes=none]';
COMMENT ON COLUMN recipient_keys.version IS 'The version of the key in the key file; immutable. [pd=none]';
COMMENT ON COLUMN recipient_keys.began_at IS 'From when on recipients got pseudonyms under it; immutable. [pd=none]';

CREATE TABLE subject_keys (
    subject_id uuid NOT NULL,
    epoch smallint NOT NULL,
    data_key bytea NOT NULL,
    pseudonym_secret bytea NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT subject_keys_pkey PRIMARY KEY (subject_id)
);
CREATE INDEX subject_keys_created ON public.subject_keys USING btree (created_at, subject_id);
CREATE INDEX subject_keys_epoch ON public.subject_keys USING btree (epoch, subject_id);
COMMENT ON TABLE subject_keys IS 'One row a person: without it nothing that is sealed of them opens, and no pseudonym can be computed. [purposes=none]';
COMMENT ON COLUMN subject_keys.subject_id IS 'Whose; immutable. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN subject_keys.epoch IS 'Which epoch key wraps both. [pd=none]';
COMMENT ON COLUMN subject_keys.data_key IS 'A random key of 32 bytes for what is sealed of the person, wrapped (AES-KWP). [pd=technical; erase=delete]';
COMMENT ON COLUMN subject_keys.pseudonym_secret IS '32 random bytes that go into the person''s pseudonyms, wrapped (AES-KWP). [pd=technical; erase=delete]';
COMMENT ON COLUMN subject_keys.created_at IS 'When; immutable. [pd=technical; erase=delete]';

CREATE TABLE sweeps (
    sweep smallint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    subject_id uuid NOT NULL,
    CONSTRAINT sweeps_sweep_check CHECK ((sweep = 1)),
    CONSTRAINT sweeps_pkey PRIMARY KEY (sweep)
);
COMMENT ON TABLE sweeps IS 'One row: up to which key those without a person have been looked for. [purposes=none]';
COMMENT ON COLUMN sweeps.sweep IS 'Always 1. [pd=none]';
COMMENT ON COLUMN sweeps.created_at IS 'When the last key that was looked at had been made. [pd=none]';
COMMENT ON COLUMN sweeps.subject_id IS 'Whose it was or was to be; among keys of the same moment the order. [pd=none]';
