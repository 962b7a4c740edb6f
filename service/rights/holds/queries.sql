-- name: held
-- Which data of subjects is held, and until when.
SELECT subject_id, data, until FROM holds WHERE subject_id = ANY($1::uuid[]) ORDER BY data;

-- name: hold
-- Hold data of subjects; what is held already is held as this says.
INSERT INTO holds (subject_id, data, until, reason, request_id, held_at)
SELECT s.subject_id, d, $4, s.reason, $5, $6
FROM unnest($1::uuid[], $2::bytea[]) AS s (subject_id, reason) CROSS JOIN unnest($3::text[]) AS d
ON CONFLICT (subject_id, data) DO UPDATE SET
    until = excluded.until, reason = excluded.reason, request_id = excluded.request_id, held_at = excluded.held_at;

-- name: of_request
-- What is held on a request.
SELECT subject_id, data, until, reason, held_at FROM holds WHERE request_id = $1 ORDER BY data, subject_id;

-- name: end_now
-- Let what is held on a request be held no longer.
UPDATE holds SET until = $2 WHERE request_id = $1 AND until > $2;

-- name: ended
-- Of whom something is held no longer, some at a time.
SELECT DISTINCT subject_id FROM holds WHERE until <= $1 ORDER BY subject_id LIMIT $2;

-- name: take_ended
-- Take away the holds of a subject that are over; says what they held, and whether the subject is erased.
DELETE FROM holds h USING subjects s
WHERE h.subject_id = $1 AND h.until <= $2 AND s.subject_id = h.subject_id
RETURNING h.data, h.request_id, s.state = 'erased' AS erased;
