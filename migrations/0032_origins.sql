-- Where personal data comes from follows from its category (kernel/datamap.py): what is ours is not called the person's.

COMMENT ON COLUMN lookups.lookup IS 'The version of the key, and HMAC-SHA-256 of kind and normalised identifier under it; immutable. [pd=pseudonym; erase=delete]';
COMMENT ON COLUMN lookups.created_at IS 'When the identifier was first recorded; immutable. [pd=technical; erase=delete]';
COMMENT ON COLUMN interactions.shown IS 'Whether `arms` counts the offer as shown by this row. [pd=technical; erase=delete]';
COMMENT ON COLUMN interactions.succeeded IS 'Whether `arms` counts a success by this row. [pd=technical; erase=delete]';

-- What a person asked for, and how it went, is theirs to read.
COMMENT ON COLUMN rights_requests."right" IS 'Which right; kept as proof that it was served; immutable. [pd=request; erase=keep]';
COMMENT ON COLUMN rights_requests.state IS 'received, verifying, open, running, completed, completed_with_exceptions, refused, cancelled, abandoned; kept as proof. [pd=request; erase=keep]';
COMMENT ON COLUMN rights_requests.received_at IS 'When the clock of Art. 12(3) started; kept as proof; immutable. [pd=request; erase=keep]';
COMMENT ON COLUMN rights_requests.due_at IS 'When the answer is due; kept as proof. [pd=request; erase=keep]';
COMMENT ON COLUMN rights_requests.completed_at IS 'When the person''s right was served; kept as proof. [pd=request; erase=keep]';
COMMENT ON COLUMN rights_requests.extended_at IS 'When the time for the answer was extended; null if it was not; kept as proof. [pd=request; erase=keep]';
COMMENT ON COLUMN rights_requests.refusal IS 'For which reason of the closed list it was refused; kept as proof. [pd=request; erase=keep]';
