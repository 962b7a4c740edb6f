-- name: revisions
-- The database's clock and, in the same snapshot, how often the consent of active subjects has changed (nulls for none).
SELECT c.now, s.subject_id, s.revision
FROM (SELECT clock_timestamp() AS now) AS c
LEFT JOIN subjects s ON s.subject_id = ANY($1::uuid[]) AND s.state = 'active';

-- name: recall
-- Contacts, and what subjects dismissed since then, and their counters in windows that began then, as they are without
-- waiting for who is counting; `contacts` is the query of that name of the journey.
SELECT 'contact' AS kind, place, event, channel, count, last, recent, NULL::uuid AS subject_id, NULL::text[] AS purposes,
    NULL::timestamptz AS since
FROM contacts
UNION ALL
SELECT 'counter', NULL, cap, NULL, n, window_start, NULL, subject_id, purposes, counted_since
FROM cap_counters WHERE subject_id = ANY($6::uuid[]) AND window_start = ANY($7::timestamptz[])
UNION ALL
SELECT 'dismissal', NULL, offer, NULL, NULL, occurred_at, NULL, subject_id, purposes, recorded_at
FROM interactions WHERE subject_id = ANY($6::uuid[]) AND event = 'dismissal' AND occurred_at > $8;

-- name: take
-- Make sure that counters are there and keep everybody else from them until the end of the transaction; they are taken in
-- one order by everyone.
INSERT INTO cap_counters AS c (subject_id, cap, window_start, n, purposes, counted_since)
SELECT subject_id, cap, window_start, 0, string_to_array(purposes, ','), $5
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[]) AS t (subject_id, cap, window_start, purposes)
ORDER BY subject_id, cap COLLATE "C", window_start
ON CONFLICT (subject_id, cap, window_start) DO UPDATE SET n = c.n
RETURNING subject_id, cap, window_start, n, purposes, counted_since;

-- name: count
-- Write counters that were taken.
UPDATE cap_counters c SET n = t.n, purposes = t.purposes, counted_since = t.counted_since
FROM json_to_recordset($1) AS t (
    subject_id uuid, name text, window_start timestamptz, n integer, purposes text[], counted_since timestamptz
)
WHERE (c.subject_id, c.cap, c.window_start) = (t.subject_id, t.name, t.window_start);

-- name: store
-- Keep decisions before they are answered.
INSERT INTO decisions (
    subject_id, decision_id, site, placement, offer, stage, mode, reason, proof, purposes, propensity, learnable, bundle,
    inputs, decided_at
)
SELECT
    subject_id, decision_id, site, placement, offer, stage, mode, reason, proof, purposes, propensity, learnable, bundle,
    decode(inputs, 'base64'), decided_at
FROM json_to_recordset($1) AS d (
    subject_id uuid, decision_id uuid, site text, placement text, offer text, stage text, mode text, reason text,
    proof uuid[], purposes text[], propensity float8, learnable boolean, bundle text, inputs text, decided_at timestamptz
);
