-- name: post
-- Keep letters until they are delivered, or are of no use any longer.
INSERT INTO letters (request_id, letter_id, kind, content, until)
SELECT l.request_id, l.letter_id, l.kind, l.content, clock_timestamp() + make_interval(secs => $5)
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[]) AS l (request_id, letter_id, kind, content);

-- name: take
-- Take the next letters that are due, the most urgent first, for $2 seconds: whoever dies leaves them to somebody else.
WITH due AS (
    SELECT request_id, letter_id FROM letters WHERE next_at <= clock_timestamp()
    ORDER BY until LIMIT $1 FOR UPDATE SKIP LOCKED
)
UPDATE letters l SET next_at = clock_timestamp() + make_interval(secs => $2), attempts = l.attempts + 1
FROM due d WHERE l.request_id = d.request_id AND l.letter_id = d.letter_id
RETURNING l.request_id, l.letter_id, l.kind, l.content, l.attempts, l.until < clock_timestamp() AS late;

-- name: postpone
-- Let a letter be tried again after $3 seconds.
UPDATE letters SET next_at = clock_timestamp() + make_interval(secs => $3) WHERE request_id = $1 AND letter_id = $2;

-- name: delete
-- Forget a letter, and with it the address that it went to.
DELETE FROM letters WHERE request_id = $1 AND letter_id = $2;
