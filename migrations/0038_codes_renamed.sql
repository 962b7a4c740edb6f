-- The lookup that a code proves is renamed with the request's when the key of lookups is rotated.
COMMENT ON COLUMN rights_codes.lookups IS 'Keyed hash of the one identifier that it proves. [pd=contact; lookups; erase=delete]';
