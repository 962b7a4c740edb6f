-- Texts of notices that no bundle ever had: what was shown when consent was collected elsewhere.

CREATE TABLE notice_texts (
    sha256     text         NOT NULL PRIMARY KEY,
    notice_id  text         NOT NULL,
    version    text         NOT NULL,
    language   text         NOT NULL,
    text       text         NOT NULL,
    kept_at    timestamptz  NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE notice_texts IS 'Texts that imports came with, each once, so that it can be shown again. [purposes=none]';
COMMENT ON COLUMN notice_texts.sha256 IS 'SHA-256 of the text''s UTF-8 bytes, in hex; ledger entries name it; immutable. [pd=none]';
COMMENT ON COLUMN notice_texts.notice_id IS 'The notice of the bundle whose place the text took; immutable. [pd=none]';
COMMENT ON COLUMN notice_texts.version IS 'Which version of that notice it counts as, by the first import that came with it; immutable. [pd=none]';
COMMENT ON COLUMN notice_texts.language IS 'Its language; immutable. [pd=none]';
COMMENT ON COLUMN notice_texts.text IS 'What was shown to everyone, word for word; immutable. [pd=none]';
COMMENT ON COLUMN notice_texts.kept_at IS 'When it first came. [pd=none]';
