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

-- name: secrets
-- The pseudonym secrets of subjects, each with the version of the recipients' key that counts; one row without, for that.
SELECT r.version, k.subject_id, k.epoch, k.pseudonym_secret
FROM (SELECT max(version) AS version FROM recipient_keys) AS r
LEFT JOIN subject_keys k ON k.subject_id = ANY($1::uuid[]);

-- name: begin_recipient_key
-- Let a version of the recipients' key count; one that does is left alone.
INSERT INTO recipient_keys (version) VALUES ($1) ON CONFLICT (version) DO NOTHING;

-- name: close_epochs
-- From now on no key is wrapped by the keys of earlier epochs; waits for whoever is just doing it.
UPDATE epochs SET closed_at = clock_timestamp() WHERE epoch < $1 AND closed_at IS NULL;

-- name: end_epochs
-- The keys of earlier epochs are destroyed.
UPDATE epochs SET ended_at = clock_timestamp() WHERE epoch < $1 AND ended_at IS NULL;

-- name: count_before
-- How many keys are wrapped by the keys of earlier epochs.
SELECT count(*) AS number FROM subject_keys WHERE epoch < $1;

-- name: wrapped_before
-- The next keys that are wrapped by the keys of earlier epochs, and whether each could still be waiting for its subject.
SELECT subject_id, epoch, data_key, pseudonym_secret, created_at > clock_timestamp() - make_interval(secs => $2) AS young
FROM subject_keys WHERE epoch < $1 ORDER BY epoch, subject_id LIMIT $3;

-- name: wrap_anew
-- Keep keys as another epoch's key wraps them; who was shredded meanwhile stays shredded.
UPDATE subject_keys k SET epoch = $1, data_key = n.data_key, pseudonym_secret = n.pseudonym_secret
FROM unnest($2::uuid[], $3::bytea[], $4::bytea[]) AS n (subject_id, data_key, pseudonym_secret)
WHERE k.subject_id = n.subject_id;

-- name: epochs
-- Every epoch, the newest first.
SELECT epoch, began_at, closed_at, ended_at FROM epochs ORDER BY epoch DESC;
