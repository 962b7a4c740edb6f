-- name: key
-- A key of a server or browser by its public half, revoked or not.
SELECT key_id, kind, key_hash, scopes, site FROM api_keys WHERE key_id = $1 AND revoked_at IS NULL;

-- name: officer
-- An officer by the public half of the token.
SELECT officer_id, login, token_hash FROM officers WHERE token_id = $1 AND revoked_at IS NULL;

-- name: add_key
-- Keep a new key, hashed.
INSERT INTO api_keys (key_id, kind, key_hash, scopes, site, label) VALUES ($1, $2, $3, $4, $5, $6);

-- name: list_keys
-- Every key, without anything secret.
SELECT key_id, kind, scopes, site, label, created_at, revoked_at FROM api_keys ORDER BY created_at, key_id;

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

-- name: keep_answer
-- Keep the sealed answer with the key that this transaction claimed.
UPDATE idempotency SET answer = $2, subject_id = $3 WHERE key_hash = $1;

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
