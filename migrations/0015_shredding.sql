-- An erasure ends when the keys of the erased are gone from the keyring's database too.

ALTER TABLE subjects ADD COLUMN shredded_at timestamptz;
CREATE INDEX subjects_to_shred ON subjects (subject_id) WHERE state = 'erased' AND shredded_at IS NULL;
COMMENT ON COLUMN subjects.shredded_at IS 'When the keys of the erased were deleted from the keyring; null before. [pd=technical; erase=keep]';
