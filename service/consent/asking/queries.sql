-- name: people
-- How many people there are.
SELECT count(*) FROM subjects WHERE state = 'active';

-- name: groups
-- How many people stand alike on each purpose, by what they said last and on which text; what has expired is not said.
SELECT c.purpose, c.status, c.notice_id, c.notice_version, count(*) AS people
FROM consent_state c JOIN subjects s USING (subject_id)
WHERE s.state = 'active' AND (c.valid_until IS NULL OR c.valid_until > clock_timestamp())
GROUP BY c.purpose, c.status, c.notice_id, c.notice_version;
