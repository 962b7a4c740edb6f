-- name: create
-- Keep the keys of subjects about to be made, unless their epoch is closed; whoever closes it waits for this.
INSERT INTO subject_keys (subject_id, epoch, data_key, pseudonym_secret)
SELECT k.subject_id, e.epoch, k.data_key, k.pseudonym_secret
FROM unnest($2::uuid[], $3::bytea[], $4::bytea[]) AS k (subject_id, data_key, pseudonym_secret)
JOIN (SELECT epoch FROM epochs WHERE epoch = $1 AND closed_at IS NULL FOR SHARE) AS e ON true
RETURNING subject_id;

-- name: keys
-- The keys of subjects; of those who have been shredded there are none.
SELECT subject_id, epoch, data_key, pseudonym_secret FROM subject_keys WHERE subject_id = ANY($1::uuid[]);

-- name: holders
-- Which subjects have keys.
SELECT subject_id FROM subject_keys WHERE subject_id = ANY($1::uuid[]);

-- name: delete
-- Delete the keys of subjects; who has none is left alone.
DELETE FROM subject_keys WHERE subject_id = ANY($1::uuid[]);

-- name: unswept
-- The next keys made longer ago than a creation can take, after those that were looked at, the oldest first.
SELECT k.subject_id, k.created_at
FROM sweeps s JOIN subject_keys k ON (k.created_at, k.subject_id) > (s.created_at, s.subject_id)
WHERE k.created_at < clock_timestamp() - make_interval(secs => $1)
ORDER BY k.created_at, k.subject_id LIMIT $2;

-- name: swept
-- Remember up to which key those without a subject have been looked for.
UPDATE sweeps SET created_at = $1, subject_id = $2;

-- name: begin_epoch
-- Let an epoch begin; one that has begun is left alone.
INSERT INTO epochs (epoch) VALUES ($1) ON CONFLICT (epoch) DO NOTHING;

-- name: epochs
-- Every epoch, the newest first.
SELECT epoch, began_at, closed_at, ended_at FROM epochs ORDER BY epoch DESC;
