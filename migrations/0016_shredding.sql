-- An erasure ends when the keys of the erased are gone from the keyring's database too.

ALTER TABLE subjects ADD COLUMN shredded_at timestamptz;
CREATE INDEX subjects_to_shred ON subjects (subject_id) WHERE state = 'erased' AND shredded_at IS NULL;
COMMENT ON COLUMN subjects.shredded_at IS 'When the keys of the erased were deleted from the keyring; null before. [pd=none]';

COMMENT ON COLUMN lookups.sealed IS 'The normalised identifier, AES-256-GCM under the person''s own key. [pd=contact; sealed; own; erase=delete]';
COMMENT ON COLUMN ledger_entries.evidence IS 'What the site observed when it was said, and who agreed for a minor; sealed under the person''s own key. [pd=consent; sealed; own; erase=empty]';
COMMENT ON COLUMN touchpoints.properties IS 'What else the sender said; sealed under the person''s own key; immutable. [pd=behaviour; sealed; own; erase=delete]';
