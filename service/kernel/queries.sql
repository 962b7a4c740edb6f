-- name: keys
-- Keys of servers and browsers by their public halves, unless they are revoked.
SELECT key_id, kind, key_hash, scopes, site, recipient FROM api_keys WHERE key_id = ANY($1::text[]) AND revoked_at IS NULL;

-- name: officer
-- An officer by the public half of the token.
SELECT officer_id, login, token_hash FROM officers WHERE token_id = $1 AND revoked_at IS NULL;

-- name: add_key
-- Keep a new key, hashed.
INSERT INTO api_keys (key_id, kind, key_hash, scopes, site, label, recipient) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: list_keys
-- Every key, without anything secret.
SELECT key_id, kind, scopes, site, recipient, label, created_at, revoked_at FROM api_keys ORDER BY created_at, key_id;

-- name: revoke_key
-- Refuse a key from now on.
UPDATE api_keys SET revoked_at = clock_timestamp() WHERE key_id = $1 AND revoked_at IS NULL RETURNING key_id;

-- name: add_officer
-- Add an officer; one who exists gets a new token, and the old one is refused.
INSERT INTO officers (officer_id, login, token_id, token_hash) VALUES ($1, $2, $3, $4)
ON CONFLICT (login) DO UPDATE SET token_id = excluded.token_id, token_hash = excluded.token_hash, revoked_at = NULL;

-- name: list_officers
-- Every officer, without anything secret.
SELECT officer_id, login, created_at, revoked_at FROM officers ORDER BY login;

-- name: claim
-- Claim idempotency keys not used before; waits for whoever is using one of them now.
INSERT INTO idempotency (key_hash, body_mac)
SELECT * FROM unnest($1::bytea[], $2::bytea[]) AS c (key_hash, body_mac) ORDER BY key_hash
ON CONFLICT (key_hash) DO NOTHING
RETURNING key_hash;

-- name: answers
-- What was answered under keys used before.
SELECT key_hash, body_mac, answer, subject_id FROM idempotency WHERE key_hash = ANY($1::bytea[]);

-- name: keep_answers
-- Keep the sealed answers with the keys that this transaction claimed.
UPDATE idempotency i SET answer = a.answer, subject_id = a.subject_id
FROM unnest($1::bytea[], $2::bytea[], $3::uuid[]) AS a (key_hash, answer, subject_id)
WHERE i.key_hash = a.key_hash;

-- name: forget_answers
-- Delete a bounded number of answers older than a day; says how many.
WITH old AS (
    SELECT key_hash FROM idempotency WHERE created_at < clock_timestamp() - interval '24 hours'
    ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED
)
DELETE FROM idempotency i USING old WHERE i.key_hash = old.key_hash RETURNING i.key_hash;

-- name: columns
-- Every column of the service's tables with its comment, its table's comment, its type and its place in the primary key.
SELECT
    c.relname AS table_name,
    a.attname AS column_name,
    format_type(a.atttypid, a.atttypmod) AS type,
    col_description(c.oid, a.attnum) AS comment,
    obj_description(c.oid, 'pg_class') AS table_comment,
    array_position(i.indkey::int2[], a.attnum) AS key_position
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'p')
ORDER BY c.relname, a.attnum;

-- name: ends
-- From when on what is older counts for a purpose no longer, and is kept for it no longer whatever was said.
ends AS MATERIALIZED (
    SELECT subject_id, purpose, max(before) AS before, max(before) FILTER (WHERE over) AS over
    FROM ended WHERE NOT held GROUP BY subject_id, purpose
)

-- name: deletion_ends
-- How every deletion ends: whose rows are held, or may be more than one transaction takes, is left for later.
left_over AS (SELECT DISTINCT subject_id FROM ended WHERE held OR (SELECT number >= $3 FROM reached)),
marked AS (INSERT INTO deletions (subject_id) SELECT subject_id FROM left_over ON CONFLICT (subject_id) DO NOTHING),
done AS (DELETE FROM deletions WHERE subject_id = ANY($1) AND subject_id NOT IN (SELECT subject_id FROM left_over))
SELECT number, by_table FROM reached;

-- name: deletions_due
-- The next subjects whose data has not all been deleted.
SELECT subject_id FROM deletions WHERE subject_id > $1 ORDER BY subject_id LIMIT $2;

-- name: enqueue
-- Keep messages until they are delivered.
INSERT INTO outbox (subject_id, message_id, recipient, kind, content, request_id, pseudonym)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::uuid[], $7::text[]);

-- name: migrations_table
-- Where applied migrations are recorded.
CREATE TABLE IF NOT EXISTS migrations (
    name        text        NOT NULL PRIMARY KEY,
    checksum    text        NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE migrations IS 'Which files of migrations/ this database has. [purposes=none]';
COMMENT ON COLUMN migrations.name IS 'The file; immutable. [pd=none]';
COMMENT ON COLUMN migrations.checksum IS 'SHA-256 of the file, which never changes once applied; immutable. [pd=none]';
COMMENT ON COLUMN migrations.applied_at IS 'When; immutable. [pd=none]';

-- name: database_exists
-- Whether the server has a database of this name.
SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1);

-- name: create_database
-- The statement that makes one.
SELECT format('CREATE DATABASE %I', $1::text);

-- name: migrations_applied
-- The migrations that this database has.
SELECT name, checksum FROM migrations;

-- name: migration_applied
-- Remember a migration as applied.
INSERT INTO migrations (name, checksum) VALUES ($1, $2);

-- name: schema_tables
-- The tables of the schema with their comments.
SELECT quote_ident(c.relname) AS name, obj_description(c.oid, 'pg_class') AS comment
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
ORDER BY c.relname COLLATE "C";

-- name: schema_functions
-- The functions of the schema.
SELECT pg_get_functiondef(oid) AS definition FROM pg_proc
WHERE pronamespace = 'public'::regnamespace
ORDER BY proname COLLATE "C", oid;

-- name: schema_columns
-- The columns of a table in order.
SELECT
    quote_ident(a.attname) AS name,
    format_type(a.atttypid, a.atttypmod) AS type,
    a.attnotnull AS required,
    pg_get_expr(d.adbin, d.adrelid) AS default,
    col_description(a.attrelid, a.attnum) AS comment
FROM pg_attribute a
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;

-- name: schema_constraints
-- The constraints of a table; NOT NULL is a constraint from PostgreSQL 18 on and stands with its column here.
SELECT quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE conrelid = $1::text::regclass AND contype <> 'n'
ORDER BY contype, conname COLLATE "C";

-- name: schema_indexes
-- The indexes of a table that no constraint made.
SELECT pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i
WHERE i.indrelid = $1::text::regclass
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
ORDER BY i.indexrelid::regclass::text COLLATE "C";

-- name: begin_session
-- Log an officer in.
INSERT INTO officer_sessions (session_hash, officer_id, expires_at) VALUES ($1, $2, clock_timestamp() + $3::interval)
RETURNING expires_at;

-- name: session
-- A session that is good, and whether its login is recent.
SELECT s.officer_id, s.logged_in_at > clock_timestamp() - $2::interval AS fresh
FROM officer_sessions s JOIN officers o USING (officer_id)
WHERE s.session_hash = $1 AND s.expires_at > clock_timestamp() AND o.revoked_at IS NULL;

-- name: end_session
-- Log out.
DELETE FROM officer_sessions WHERE session_hash = $1;

-- name: forget_sessions
-- Delete the sessions that have expired.
DELETE FROM officer_sessions WHERE expires_at <= clock_timestamp();
