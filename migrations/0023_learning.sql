-- Each decision teaches once, whoever reports at the same time; and tables say which offers they were computed for.

CREATE UNIQUE INDEX interactions_shown ON interactions (subject_id, decision_id) WHERE shown;
CREATE UNIQUE INDEX interactions_succeeded ON interactions (subject_id, decision_id) WHERE succeeded;

ALTER TABLE arms ALTER COLUMN revision DROP DEFAULT;
COMMENT ON COLUMN arms.revision IS 'By how much the numbers have changed in all, whether they grew or were subtracted from. [pd=none]';

ALTER TABLE arm_tables ADD COLUMN bundle text NOT NULL DEFAULT '';
ALTER TABLE arm_tables ALTER COLUMN bundle DROP DEFAULT;
COMMENT ON COLUMN arm_tables.bundle IS 'Digest of the policies whose offers compete in it; immutable. [pd=none]';
