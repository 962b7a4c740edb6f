-- A link with which a person fetches their package themselves.

CREATE TABLE package_links (
    request_id  uuid        NOT NULL PRIMARY KEY,
    token_hash  bytea       NOT NULL UNIQUE,
    expires_at  timestamptz NOT NULL
);
COMMENT ON TABLE package_links IS 'One row a request whose package may be fetched with a link, until that was done once; a new link takes the place of the one before. [purposes=none]';
COMMENT ON COLUMN package_links.request_id IS 'The request; immutable. [pd=none]';
COMMENT ON COLUMN package_links.token_hash IS 'HMAC of the random token in the link. [pd=none]';
COMMENT ON COLUMN package_links.expires_at IS 'From when on the link is refused. [pd=none]';
