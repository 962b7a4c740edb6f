-- name: held
-- Which data of subjects is held, and until when.
SELECT subject_id, data, until FROM holds WHERE subject_id = ANY($1::uuid[]) ORDER BY data;
