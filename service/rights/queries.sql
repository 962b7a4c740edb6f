-- name: clock
-- The database's clock.
SELECT clock_timestamp();

-- name: file
-- Keep a new request.
INSERT INTO rights_requests (
    request_id, "right", state, language, lookups, unverified, purposes, filed_by, received_at, due_at, verified_by,
    verified_at, details, verification, replacement, grounds, address, identifiers
) VALUES (
    $1, $2, $3, $4, kept($5), kept($6), nullif($7::text[], '{}'), $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18
);

-- name: request
-- One request, without what is sealed.
SELECT
    r.request_id, r."right", r.state, r.language, coalesce(r.lookups, '{}') AS lookups,
    coalesce(r.unverified, '{}') AS unverified, coalesce(r.purposes, '{}') AS purposes, r.filed_by, r.received_at, r.due_at,
    r.verified_by, r.verified_at, r.extended_at, r.refusal, r.completed_at, r.closed_at,
    r.lifts_at, r.certificate,
    ARRAY(SELECT a.officer_id FROM rights_approvals a WHERE a.request_id = r.request_id ORDER BY a.approved_at) AS approved_by
FROM rights_requests r
WHERE r.request_id = $1;

-- name: sealed
-- What is sealed of one request.
SELECT details, verification, replacement, grounds, address, identifiers, extension, refusal_text
FROM rights_requests WHERE request_id = $1;

-- name: only_of
-- The requests that name nobody but the holder of these lookups, verified: a code for another is not shown to them.
SELECT request_id FROM rights_requests
WHERE lookups && $1::bytea[] AND lookups <@ $1::bytea[] AND coalesce(cardinality(unverified), 0) = 0
ORDER BY request_id;

-- name: lock
-- Wait until nobody else moves the request; what was read before is stale afterwards.
SELECT request_id FROM rights_requests WHERE request_id = $1 FOR UPDATE;

-- name: lock_alike
-- The same for a request and all that name one of its identifiers, in one order: its erasure will empty them too.
SELECT request_id FROM rights_requests
WHERE request_id IN (
    SELECT $1::uuid
    UNION
    SELECT o.request_id FROM rights_requests r JOIN rights_requests o ON o.lookups && r.lookups WHERE r.request_id = $1
    UNION
    SELECT o.request_id FROM rights_requests r JOIN rights_requests o ON o.unverified && r.lookups WHERE r.request_id = $1
)
ORDER BY request_id FOR UPDATE;

-- name: page
-- Requests after a place in the order of urgency: what is unfinished comes first.
SELECT
    r.request_id, r."right", r.state, r.language, coalesce(r.lookups, '{}') AS lookups,
    coalesce(r.unverified, '{}') AS unverified, coalesce(r.purposes, '{}') AS purposes, r.filed_by, r.received_at, r.due_at,
    r.verified_by, r.verified_at, r.extended_at, r.refusal, r.completed_at, r.closed_at,
    r.lifts_at, r.certificate,
    ARRAY(SELECT a.officer_id FROM rights_approvals a WHERE a.request_id = r.request_id ORDER BY a.approved_at) AS approved_by
FROM rights_requests r
WHERE ($1::text IS NULL OR r.state = $1)
    AND ($2::text IS NULL OR r."right" = $2)
    AND ($3::timestamptz IS NULL OR r.due_at < $3)
    AND ($4::boolean IS NULL OR (r.closed_at IS NOT NULL, r.due_at, r.request_id) > ($4, $5, $6::uuid))
ORDER BY r.closed_at IS NOT NULL, r.due_at, r.request_id
LIMIT $7;

-- name: verify
-- Take some of the identifiers that a request names as those of its person; the first who vouched stands, and how.
UPDATE rights_requests SET
    lookups = ARRAY(SELECT DISTINCT unnest(lookups || $2::bytea[]) AS l ORDER BY l),
    unverified = ARRAY(SELECT l FROM unnest(unverified) AS l WHERE l <> ALL($2::bytea[])),
    verified_by = coalesce(verified_by, $3), verification = $4,
    verified_at = coalesce(verified_at, $5, clock_timestamp())
WHERE request_id = $1;

-- name: approve
-- Keep an officer's approval; one given before is left alone.
INSERT INTO rights_approvals (request_id, officer_id, approved_at) VALUES ($1, $2, coalesce($3, clock_timestamp()))
ON CONFLICT (request_id, officer_id) DO NOTHING;

-- name: move
-- Let a request take its next step at a time, which closes it where it is the last one: what only served to serve it goes,
-- and what nobody can ever ask for, since no identifier of it was verified.
UPDATE rights_requests SET
    state = $2,
    identifiers = CASE WHEN NOT $4::boolean THEN identifiers END,
    replacement = CASE WHEN NOT $4::boolean THEN replacement END,
    unverified = CASE WHEN NOT $4::boolean THEN unverified END,
    details = CASE WHEN NOT $4::boolean OR lookups <> '{}' THEN details END,
    completed_at = CASE WHEN $2 IN ('completed', 'completed_with_exceptions') THEN $3 ELSE completed_at END,
    closed_at = CASE WHEN $4::boolean THEN $3 END
WHERE request_id = $1;

-- name: extend
-- Give the answer more time.
UPDATE rights_requests SET due_at = $2, extended_at = $3, extension = $4 WHERE request_id = $1;

-- name: refuse
-- Keep why a request is refused.
UPDATE rights_requests SET refusal = $2, refusal_text = $3 WHERE request_id = $1;

-- name: lift
-- Keep before when a restriction is not lifted.
UPDATE rights_requests SET lifts_at = $2 WHERE request_id = $1;

-- name: restricted_beside
-- Whether another request restricts one of these people, of whose end nobody has told them yet, or not for long enough.
SELECT EXISTS (
    SELECT FROM rights_requests
    WHERE request_id <> $1 AND "right" = 'restriction' AND state = 'completed' AND (lifts_at IS NULL OR lifts_at > $3)
        AND lookups && ARRAY(
            SELECT l.lookup
            FROM lookups n
            JOIN lookups l ON l.subject_id = coalesce(n.linked_to, n.subject_id) OR l.linked_to = coalesce(n.linked_to, n.subject_id)
            WHERE n.lookup = ANY($2::bytea[])
        )
);

-- name: respell
-- Let requests about the holder of an identifier name them by the right one, closed ones too: they are theirs, and not of
-- whoever the wrong one turns out to be of.
UPDATE rights_requests SET
    lookups = ARRAY(SELECT DISTINCT l FROM unnest(array_replace(lookups, $1, $2)) AS l ORDER BY l),
    unverified = array_remove(unverified, $1)
WHERE lookups @> ARRAY[$1::bytea];

-- name: forsaken
-- Some requests that nobody has verified since a time, held against whoever does meanwhile.
SELECT request_id FROM rights_requests
WHERE closed_at IS NULL AND state IN ('received', 'verifying') AND received_at < clock_timestamp() - $1::interval
ORDER BY request_id LIMIT $2 FOR UPDATE SKIP LOCKED;

-- name: empty
-- Take from a request everything that leads to the person.
UPDATE rights_requests SET
    lookups = NULL, unverified = NULL, purposes = NULL, details = NULL, verification = NULL, replacement = NULL,
    grounds = NULL, identifiers = NULL, extension = NULL, refusal_text = NULL
WHERE request_id = $1;

-- name: forget_address
-- Forget where the outcome was to be told.
UPDATE rights_requests SET address = NULL WHERE request_id = $1;

-- name: let_go
-- Take the lookups of erased people out of unfinished requests that also name somebody else, who must still be served.
-- What was written goes too: nobody can say about whom it is.
UPDATE rights_requests SET
    lookups = ARRAY(SELECT l FROM unnest(lookups) AS l WHERE l <> ALL($1::bytea[])),
    unverified = ARRAY(SELECT l FROM unnest(unverified) AS l WHERE l <> ALL($1::bytea[])),
    details = NULL, verification = NULL, replacement = NULL, grounds = NULL, identifiers = NULL,
    address = CASE WHEN lookups <> '{}' OR NOT unverified <@ $1::bytea[] THEN address END
WHERE (lookups && $1::bytea[] AND NOT lookups <@ $1::bytea[] OR unverified && $1::bytea[]) AND closed_at IS NULL;

-- name: naming_before
-- Requests that name somebody by a lookup before one, in order, some at a time.
SELECT request_id, closed_at IS NOT NULL AS closed, lookups, coalesce(unverified, '{}') AS unverified
FROM rights_requests
WHERE request_id > $2 AND EXISTS (SELECT FROM unnest(lookups || unverified) AS l WHERE l < $1)
ORDER BY request_id LIMIT $3;

-- name: rename
-- Let a request name the same people in another way, unless it was changed meanwhile.
UPDATE rights_requests SET lookups = $4, unverified = $5
WHERE request_id = $1 AND lookups = $2 AND coalesce(unverified, '{}') = $3;

-- name: rename_code
-- Let a code of a request prove the same identifier in another way.
UPDATE rights_codes SET lookups = ARRAY[$3::bytea] WHERE request_id = $1 AND lookups = ARRAY[$2::bytea];

-- name: commitments
-- The commitments of the entries that an erasure is about to empty.
SELECT commitment FROM ledger_entries WHERE subject_id = $1 AND payload IS NOT NULL ORDER BY entry_id;

-- name: certify
-- Keep the certificate of an erasure.
UPDATE rights_requests SET certificate = $2 WHERE request_id = $1;

-- name: may_erase
-- Whether this role may empty entries of the ledger (migrations/roles.sql).
SELECT has_column_privilege('ledger_entries', 'payload', 'UPDATE') AS granted;
