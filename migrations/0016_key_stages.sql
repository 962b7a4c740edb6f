-- Keys that change while the service runs: which versions count, as every process is told; a lookup says which made it.

CREATE TABLE key_stages (
    use         text        NOT NULL PRIMARY KEY,
    oldest      smallint    NOT NULL,
    newest      smallint    NOT NULL,
    reads       smallint    NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (oldest <= reads AND reads <= newest)
);
COMMENT ON TABLE key_stages IS 'How far the rotation of each key is; one row a use of keys that rotate. [purposes=none]';
COMMENT ON COLUMN key_stages.use IS 'What the key is for; immutable. [pd=none]';
COMMENT ON COLUMN key_stages.oldest IS 'The oldest version that is still in use. [pd=none]';
COMMENT ON COLUMN key_stages.newest IS 'The newest version; of lookups, both it and the oldest one are written. [pd=none]';
COMMENT ON COLUMN key_stages.reads IS 'The version by which people are found, or with which is signed. [pd=none]';
COMMENT ON COLUMN key_stages.changed_at IS 'Since when. [pd=none]';

COMMENT ON COLUMN key_fingerprints.use IS 'What the key is for: lookup, seal, token, signing, recipient, claims, epoch; immutable. [pd=none]';
COMMENT ON COLUMN key_fingerprints.first_seen IS 'When the service was first used with the key; immutable. [pd=none]';

UPDATE lookups SET lookup = int2send(key_version) || lookup;
ALTER TABLE lookups ADD CONSTRAINT lookups_version CHECK (substring(lookup FOR 2) = int2send(key_version));
COMMENT ON COLUMN lookups.lookup IS 'The version of the key, and HMAC-SHA-256 of kind and normalised identifier under it; immutable. [pd=contact; erase=delete]';
UPDATE rights_requests SET lookups = ARRAY(SELECT int2send(1::int2) || l FROM unnest(lookups) WITH ORDINALITY AS u (l, n) ORDER BY n)
WHERE lookups IS NOT NULL;

-- The lookups that somebody is looked for by; refused where they were made under a key by which not everybody is found
-- any longer, since whoever is not found by them may be there all the same.
CREATE FUNCTION sought(lookups bytea[]) RETURNS bytea[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF (SELECT int2send(oldest) FROM key_stages WHERE use = 'lookup') > ANY(lookups) THEN
        RAISE EXCEPTION 'made under a retired key' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN lookups;
END $$;

-- The lookups that are kept in a list; refused where they were made under a key that is about to be retired.
CREATE FUNCTION kept(lookups bytea[]) RETURNS bytea[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF (SELECT int2send(reads) FROM key_stages WHERE use = 'lookup') > ANY(lookups) THEN
        RAISE EXCEPTION 'made under a retired key' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN lookups;
END $$;
