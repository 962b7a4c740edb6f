-- name: waited_for
-- Which of these recipients have a message that is due.
SELECT r.id
FROM unnest($1::text[]) AS r (id)
WHERE EXISTS (
    SELECT FROM outbox
    WHERE recipient = r.id AND delivered_at IS NULL AND dead_at IS NULL AND due_at <= clock_timestamp()
);

-- name: lease
-- Take the next messages of a recipient, the longest due first, of each subject only the oldest that waits: none
-- overtakes another. Nobody else takes them before $3 seconds have passed, whatever becomes of this process.
WITH due AS MATERIALIZED (
    SELECT subject_id, message_id
    FROM outbox o
    WHERE recipient = $1 AND delivered_at IS NULL AND dead_at IS NULL AND due_at <= clock_timestamp() AND NOT EXISTS (
        SELECT FROM outbox e
        WHERE e.subject_id = o.subject_id AND e.recipient = o.recipient AND e.delivered_at IS NULL
            AND e.dead_at IS NULL AND (e.enqueued_at, e.message_id) < (o.enqueued_at, o.message_id)
    )
    ORDER BY due_at LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE outbox o SET due_at = clock_timestamp() + make_interval(secs => $3)
FROM due WHERE o.subject_id = due.subject_id AND o.message_id = due.message_id
RETURNING o.subject_id, o.message_id, o.kind, o.content, o.request_id, o.pseudonym, o.attempts, o.enqueued_at;

-- name: delivered
-- The recipient took it.
UPDATE outbox SET delivered_at = clock_timestamp(), dead_at = NULL, failure = NULL
WHERE subject_id = $1 AND message_id = $2 AND delivered_at IS NULL;

-- name: supersede
-- Drop what could not be delivered where a newer message says how the same purpose stands now.
DELETE FROM outbox o
WHERE subject_id = $1 AND message_id = $2 AND delivered_at IS NULL AND EXISTS (
    SELECT FROM outbox n
    WHERE n.subject_id = o.subject_id AND n.recipient = o.recipient AND n.kind = 'consent' AND o.kind = 'consent'
        AND n.content ->> 'purpose' = o.content ->> 'purpose'
        AND (n.enqueued_at, n.message_id) > (o.enqueued_at, o.message_id)
)
RETURNING message_id;

-- name: fail
-- An attempt was in vain: try again after a pause, or give up where there is none.
UPDATE outbox SET
    attempts = attempts + 1,
    failure = $3,
    due_at = clock_timestamp() + coalesce($4::interval, '0'),
    dead_at = CASE WHEN $4::interval IS NULL THEN clock_timestamp() END
WHERE subject_id = $1 AND message_id = $2 AND delivered_at IS NULL;

-- name: drop
-- Nobody is left of whom it could tell.
DELETE FROM outbox WHERE subject_id = $1 AND message_id = $2;

-- name: outcomes
-- What became of each message of a request.
SELECT
    recipient, answer, coalesce(acknowledged_at, delivered_at, dead_at) AS at,
    CASE
        WHEN acknowledged_at IS NOT NULL THEN 'acknowledged'
        WHEN delivered_at IS NOT NULL THEN 'delivered'
        WHEN dead_at IS NOT NULL THEN 'dead'
        ELSE 'waiting'
    END AS state
FROM outbox WHERE request_id = $1 ORDER BY recipient, message_id;

-- name: deliveries
-- The next messages after one, in one state or any.
SELECT * FROM (
    SELECT
        message_id, recipient, kind, request_id, attempts, failure, enqueued_at, due_at, delivered_at, acknowledged_at,
        answer,
        CASE
            WHEN acknowledged_at IS NOT NULL THEN 'acknowledged'
            WHEN delivered_at IS NOT NULL THEN 'delivered'
            WHEN dead_at IS NOT NULL THEN 'dead'
            ELSE 'waiting'
        END AS state
    FROM outbox WHERE message_id > $2
) AS d
WHERE $1::text IS NULL OR state = $1 ORDER BY message_id LIMIT $3;

-- name: delivery
-- One message.
SELECT
    message_id, recipient, kind, request_id, attempts, failure, enqueued_at, due_at, delivered_at, acknowledged_at,
    answer,
    CASE
        WHEN acknowledged_at IS NOT NULL THEN 'acknowledged'
        WHEN delivered_at IS NOT NULL THEN 'delivered'
        WHEN dead_at IS NOT NULL THEN 'dead'
        ELSE 'waiting'
    END AS state
FROM outbox WHERE message_id = $1;

-- name: revive
-- Try a message again that was given up, unless a newer one says how the same purpose stands now.
UPDATE outbox o SET dead_at = NULL, attempts = 0, due_at = clock_timestamp()
WHERE message_id = $1 AND dead_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM outbox n
    WHERE n.subject_id = o.subject_id AND n.recipient = o.recipient AND n.kind = 'consent' AND o.kind = 'consent'
        AND n.content ->> 'purpose' = o.content ->> 'purpose'
        AND (n.enqueued_at, n.message_id) > (o.enqueued_at, o.message_id)
)
RETURNING message_id;

-- name: acknowledge
-- Keep what a recipient answered to a message, once; by then it has been delivered.
UPDATE outbox SET
    acknowledged_at = clock_timestamp(),
    answer = $4,
    delivered_at = coalesce(delivered_at, clock_timestamp()),
    dead_at = NULL,
    pseudonym = NULL
WHERE message_id = $1 AND recipient = $2 AND request_id IS NOT DISTINCT FROM $3 AND acknowledged_at IS NULL
RETURNING acknowledged_at;

-- name: acknowledged
-- Whether a message of a recipient and a request has been answered.
SELECT acknowledged_at IS NOT NULL AS acknowledged
FROM outbox WHERE message_id = $1 AND recipient = $2 AND request_id IS NOT DISTINCT FROM $3;

-- name: forget
-- Delete what was delivered $1 days ago, of a request only what was answered, and what was given up as long ago; whatever
-- half a year has not brought an answer, when every request is over.
DELETE FROM outbox WHERE (subject_id, message_id) IN (
    SELECT subject_id, message_id FROM outbox
    WHERE (
        delivered_at < clock_timestamp() - make_interval(days => $1)
        AND (request_id IS NULL OR acknowledged_at IS NOT NULL)
    ) OR (dead_at < clock_timestamp() - make_interval(days => $1) AND request_id IS NULL)
        OR enqueued_at < clock_timestamp() - interval '180 days'
    LIMIT $2
);
