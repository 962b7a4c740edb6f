-- Which keys belong to this database, so that the key file of another one is noticed before anybody is asked about.

CREATE TABLE key_fingerprints (
    use          text        NOT NULL,
    version      smallint    NOT NULL,
    fingerprint  bytea       NOT NULL,
    first_seen   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (use, version)
);
COMMENT ON TABLE key_fingerprints IS 'By what the keys of this deployment are known again; no key can be found from it. [purposes=none]';
COMMENT ON COLUMN key_fingerprints.use IS 'What the key is for: lookup, seal, token, signing; immutable. [pd=none]';
COMMENT ON COLUMN key_fingerprints.version IS 'Its version; immutable. [pd=none]';
COMMENT ON COLUMN key_fingerprints.fingerprint IS 'HMAC of a fixed text under the key; immutable. [pd=none]';
COMMENT ON COLUMN key_fingerprints.first_seen IS 'When the service was first started with the key; immutable. [pd=none]';
