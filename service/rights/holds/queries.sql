-- name: held
-- Which data of subjects is held, and until when: where several requests hold the same, until the last lets it go.
SELECT subject_id, data, max(until) AS until FROM holds WHERE subject_id = ANY($1::uuid[]) GROUP BY subject_id, data ORDER BY data;

-- name: hold
-- Hold data of subjects; what the request holds already it holds as this says, and what others hold is theirs.
INSERT INTO holds (subject_id, data, until, reason, request_id, held_at)
SELECT s.subject_id, d, $4, s.reason, $5, $6
FROM unnest($1::uuid[], $2::bytea[]) AS s (subject_id, reason) CROSS JOIN unnest($3::text[]) AS d
ON CONFLICT (subject_id, data, request_id) DO UPDATE SET
    until = excluded.until, reason = excluded.reason, held_at = excluded.held_at;

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
-- Take away the holds of a subject that are over; says what they held, whether it goes now, which it does where the
-- subject is erased and no other request holds it.
DELETE FROM holds h USING subjects s
WHERE h.subject_id = $1 AND h.until <= $2 AND s.subject_id = h.subject_id
RETURNING h.data, h.request_id, s.state = 'erased' AND NOT EXISTS (
    SELECT FROM holds o WHERE o.subject_id = h.subject_id AND o.data = h.data AND o.until > $2
) AS goes;
