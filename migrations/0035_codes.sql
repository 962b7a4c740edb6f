-- Codes by which people prove that an identifier is theirs.

CREATE TABLE rights_codes (
    code_id     uuid        NOT NULL PRIMARY KEY,
    request_id  uuid        NOT NULL,
    lookups     bytea[]     NOT NULL,
    address     bytea       NOT NULL,
    code_hash   bytea       NOT NULL,
    expires_at  timestamptz NOT NULL,
    attempts    integer     NOT NULL DEFAULT 0,
    sent        integer     NOT NULL
);
CREATE INDEX rights_codes_request ON rights_codes (request_id);
CREATE INDEX rights_codes_lookups ON rights_codes USING gin (lookups);
COMMENT ON TABLE rights_codes IS 'Codes sent to identifiers that requests name; a row goes when its request has got further. [purposes=none]';
COMMENT ON COLUMN rights_codes.code_id IS 'Names the code; time-ordered; immutable. [pd=none]';
COMMENT ON COLUMN rights_codes.request_id IS 'Of which request; immutable. [pd=none]';
COMMENT ON COLUMN rights_codes.lookups IS 'Keyed hash of the one identifier that it proves; immutable. [pd=contact; lookups; erase=delete]';
COMMENT ON COLUMN rights_codes.address IS 'Where it went; sealed; immutable. [pd=contact; sealed; erase=delete]';
COMMENT ON COLUMN rights_codes.code_hash IS 'HMAC of the code under a key that is not in the database. [pd=none]';
COMMENT ON COLUMN rights_codes.expires_at IS 'From when it is refused. [pd=none]';
COMMENT ON COLUMN rights_codes.attempts IS 'How often a code of this request was tried, right or wrong; never reset. [pd=none]';
COMMENT ON COLUMN rights_codes.sent IS 'How many codes went there for this request. [pd=none]';
