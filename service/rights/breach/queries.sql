-- name: population
-- How many people there are.
SELECT count(*) FROM subjects WHERE state = 'active';

-- name: up_to
-- Behind whom the next people end, so many at a time; null when there is nobody else.
SELECT subject_id FROM (
    SELECT subject_id FROM subjects WHERE subject_id > $1 AND state = 'active' ORDER BY subject_id LIMIT $2
) AS s ORDER BY subject_id DESC LIMIT 1;
