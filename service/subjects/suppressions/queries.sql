-- name: suppress
-- Keep that identifiers were of somebody who has been erased; of several times the last counts.
INSERT INTO suppressions (suppressed, erased_at, expires_at) SELECT s, $2, $3 FROM unnest($1::bytea[]) AS s ORDER BY s
ON CONFLICT (suppressed) DO UPDATE SET
    erased_at = greatest(suppressions.erased_at, excluded.erased_at),
    expires_at = greatest(suppressions.expires_at, excluded.expires_at);

-- name: erased
-- When the holders of identifiers were erased, of those of whom that is known.
SELECT suppressed, erased_at FROM suppressions WHERE suppressed = ANY($1::bytea[]) AND expires_at > clock_timestamp();

-- name: forget
-- Delete some of those whose time is over; says which.
DELETE FROM suppressions WHERE suppressed IN (
    SELECT suppressed FROM suppressions WHERE expires_at <= coalesce($1, clock_timestamp()) LIMIT $2
)
RETURNING suppressed;
