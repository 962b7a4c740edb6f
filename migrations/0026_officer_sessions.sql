-- Officers log in: a session is a cookie in place of a token, and says when its officer last proved who they are.

CREATE TABLE officer_sessions (
    session_hash  bytea       NOT NULL PRIMARY KEY,
    officer_id    uuid        NOT NULL,
    logged_in_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at    timestamptz NOT NULL
);
CREATE INDEX officer_sessions_expiry ON officer_sessions (expires_at);
COMMENT ON TABLE officer_sessions IS 'Officers who are logged in. [purposes=none]';
COMMENT ON COLUMN officer_sessions.session_hash IS 'SHA-256 of the 256 random bits in the cookie; immutable. [pd=none]';
COMMENT ON COLUMN officer_sessions.officer_id IS 'Who is logged in; immutable. [pd=none]';
COMMENT ON COLUMN officer_sessions.logged_in_at IS 'When they proved who they are; approving asks for a recent time; immutable. [pd=none]';
COMMENT ON COLUMN officer_sessions.expires_at IS 'From when the cookie is refused; immutable. [pd=none]';
