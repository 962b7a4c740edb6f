-- The policies in force, now and before.

CREATE TABLE bundles (
    digest        text        NOT NULL PRIMARY KEY,
    content       bytea       NOT NULL,
    activated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX bundles_activated ON bundles (activated_at);
COMMENT ON TABLE bundles IS 'Every bundle that was ever active, whole, so that any notice text can be shown again. [purposes=none]';
COMMENT ON COLUMN bundles.digest IS 'sha256: and the digest of content; immutable. [pd=none]';
COMMENT ON COLUMN bundles.content IS 'All files of the bundle as canonical JSON (RFC 8785); immutable. [pd=none]';
COMMENT ON COLUMN bundles.activated_at IS 'When the bundle was last made the active one. [pd=none]';
