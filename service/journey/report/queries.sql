-- name: kinds
-- The kinds of contact that were kept for a purpose in a time, and the notices on which people decided about it.
SELECT 'contact' AS what, event AS one, channel AS other
FROM touchpoints WHERE occurred_at > $2 AND occurred_at <= $3 AND $1::text = ANY(purposes)
GROUP BY event, channel
UNION ALL
SELECT 'notice', notice_id, notice_version FROM consent_state WHERE purpose = $1 GROUP BY notice_id, notice_version;

-- name: allowed
-- For whom a purpose is allowed now, and since when what was recorded of them counts: what service/consent/rules.py says
-- of one person, of all; without those who are known by another name, through a link. $7 leaves out one half of them.
SELECT s.subject_id, greatest(c.given_since, (
    SELECT max(o.effective_at) + interval '1 microsecond' FROM objections o
    WHERE o.subject_id = s.subject_id AND (o.purpose = $1 OR (o.direct_marketing AND $3))
)) AS since
FROM subjects s
LEFT JOIN consent_state c ON c.subject_id = s.subject_id AND c.purpose = $1::text
WHERE s.state = 'active' AND uuid_hash(s.subject_id) & 1 <> $7::int
    AND CASE WHEN $2::boolean THEN
        c.status = 'given' AND coalesce(c.valid_until > $4::timestamptz, true) AND NOT c.guardian_missing
        AND (c.notice_id, c.notice_version) IN (SELECT * FROM unnest($5::text[], $6::text[]))
    ELSE coalesce(c.status = 'given', true) END
    AND NOT EXISTS (SELECT FROM restrictions r WHERE r.subject_id = s.subject_id)
    AND NOT EXISTS (
        SELECT FROM objections o
        WHERE o.subject_id = s.subject_id AND (o.purpose = $1 OR (o.direct_marketing AND $3::boolean))
            AND NOT coalesce($2 AND c.status = 'given' AND c.effective_at > o.effective_at, false)
    )
    AND s.subject_id NOT IN (SELECT l.subject_id FROM lookups l WHERE l.linked_to IS NOT NULL);

-- name: known
-- What the rules of personas read of those who are allowed, as one text each: of each event how often, how many days ago.
SELECT subject_id, string_agg(format('%s:%s:%s', event, number, days), ',' ORDER BY event) AS facts
FROM (
    SELECT
        t.subject_id, t.event, CASE WHEN t.event = ANY($9) THEN count(*) END AS number,
        CASE WHEN t.event = ANY($10) THEN floor(date_part('epoch', $8 - max(t.occurred_at)) / 86400) END AS days
    FROM touchpoints t
    JOIN allowed a ON a.subject_id = t.subject_id AND t.recorded_at >= coalesce(a.since, '-infinity')
    WHERE t.event = ANY($9::text[] || $10::text[]) AND t.occurred_at <= $8::timestamptz AND $1 = ANY(t.purposes)
    GROUP BY t.subject_id, t.event
) AS e
GROUP BY subject_id;

-- name: figures
-- Of one half of all people how many did what, by part: persona, and whether they used the channel that is asked for.
WITH kinds AS MATERIALIZED (
    SELECT * FROM unnest(
        $11::text[], $12::text[], $13::boolean[], $14::boolean[], $15::boolean[], $16::int[], $17::int[], $18::float8[], $19::int[]
    ) WITH ORDINALITY AS k (event, channel, converts, online, ends, place, what, weight, moment, kind)
), contacts AS (
    SELECT
        subject_id, array_agg(at) AS at, array_agg(kind) AS kinds, array_agg(sentiment) AS sentiments,
        array_agg(what) AS what, array_agg(worth) AS worth, max(at) AS latest,
        coalesce(max(at) FILTER (WHERE ends), '-infinity') AS over,
        coalesce(bit_or(1::bigint << place) FILTER (WHERE at >= $21), 0) AS channels,
        coalesce(bit_or(1::bigint << place) FILTER (WHERE at >= $21 AND converts), 0) AS converted,
        coalesce(bool_or(converts AND NOT online) FILTER (WHERE at >= $21), false) AS bought
    FROM (
        SELECT
            t.subject_id, date_part('epoch', t.occurred_at) AS at, k.kind::int AS kind, t.sentiment, k.what, k.place, k.converts,
            k.online, k.ends,
            k.weight * power(
                2::float8, greatest(-1000, 1000 + (date_part('epoch', t.occurred_at) - date_part('epoch', $8)) / $23::float8)
            ) AS worth
        FROM touchpoints t
        JOIN allowed a ON a.subject_id = t.subject_id AND t.recorded_at >= coalesce(a.since, '-infinity')
        JOIN kinds k ON k.event = t.event AND k.channel = t.channel
        WHERE uuid_hash(t.subject_id) & 1 <> $7 AND t.occurred_at > $20::timestamptz AND t.occurred_at <= $8
            AND $1 = ANY(t.purposes)
        ORDER BY t.subject_id, at, kind
    ) AS ordered
    GROUP BY subject_id
), walked AS MATERIALIZED (
    SELECT
        c.*, c.what[cardinality(at)] >> 6 & 63 AS last_place,
        journey_walk(
            at, what, worth, $22::int, $24::float8, $21 - 0.000001, over,
            $25::int[], $26::text[], $27::int[], $28::int[], $29::float8[], $30::bigint[]
        ) AS walk,
        CASE WHEN bought THEN EXISTS (
            SELECT FROM unnest(c.at, c.kinds) AS b (at, kind) JOIN unnest(c.at, c.kinds) AS o (at, kind)
            ON o.at < b.at AND o.at >= b.at - $31::float8
            WHERE b.at >= $21 AND $13[b.kind] AND NOT $14[b.kind] AND $14[o.kind]
        ) ELSE false END AS researched
    FROM contacts c
), people AS MATERIALIZED (
    SELECT
        row_number() OVER () AS person, at, kinds, sentiments, channels, converted, bought, researched,
        CASE WHEN (walk).faded THEN 0 ELSE (walk).stage END AS stage,
        CASE WHEN (walk).stage = ANY($33::int[]) AND latest + $32 >= $21 AND latest + $32 <= date_part('epoch', $8)
            THEN (walk).stage ELSE 0 END AS dropped,
        last_place, (walk).path AS path, (walk).moves AS moves, (walk).took AS took, (walk).troubles AS troubles,
        (channels >> $34::int & 1)::int + 2 * coalesce(
            ($36::int[])[(f.place - 1) * ($22 + 1) + 1 + CASE WHEN (walk).faded THEN 0 ELSE (walk).stage END], 0
        ) AS part
    FROM walked w
    LEFT JOIN known n ON n.subject_id = w.subject_id
    LEFT JOIN unnest($35::text[]) WITH ORDINALITY AS f (facts, place) ON f.facts = coalesce(n.facts, '')
), touched AS MATERIALIZED (
    SELECT person, u.kind, min(part) AS part, count(u.sentiment) AS ratings, sum(u.sentiment) AS felt
    FROM people, unnest(people.at, people.kinds, people.sentiments) AS u (at, kind, sentiment)
    WHERE u.at >= $21::float8
    GROUP BY person, u.kind
)
SELECT 'stage' AS figure, stage AS one, 0 AS other, NULL AS path, part, count(*) AS people, 0 AS ratings, 0 AS felt
FROM people GROUP BY stage, part
UNION ALL
SELECT 'path', stage, 0, array_to_string(path, '>'), part, count(*), 0, 0
FROM people WHERE stage > 0 GROUP BY stage, path, part
UNION ALL
SELECT 'reached', s, 0, NULL, part, sum(people)::bigint, 0, 0
FROM (SELECT path, part, count(*) AS people FROM people GROUP BY path, part) AS p, generate_series(1, $22) AS s
WHERE s = ANY(path) GROUP BY s, part
UNION ALL
SELECT 'move', m / 64, m % 64, NULL, part, count(*), 0, 0 FROM people, unnest(moves) AS m GROUP BY m, part
UNION ALL
SELECT 'time', move, CASE WHEN seconds < 36000 THEN seconds / 60 * 60 ELSE seconds / 3600 * 3600 END, NULL, 0, count(*), 0, 0
FROM people, unnest(people.moves, people.took) AS m (move, seconds) WHERE part = ANY($37::int[]) GROUP BY 2, 3
UNION ALL
SELECT 'channel', c, (converted >> c & 1)::int, NULL, part, sum(people)::bigint, 0, 0
FROM (SELECT channels, converted, part, count(*) AS people FROM people GROUP BY channels, converted, part) AS p,
    generate_series(0, (SELECT max(place) FROM kinds)) AS c
WHERE channels >> c & 1 = 1 GROUP BY 2, 3, part
UNION ALL
SELECT 'converted', 0, 0, NULL, part, count(*), 0, 0 FROM people WHERE converted > 0 GROUP BY part
UNION ALL
SELECT 'offline', researched::int, 0, NULL, part, count(*), 0, 0 FROM people WHERE bought GROUP BY 2, part
UNION ALL
SELECT 'dropped', dropped, last_place, NULL, part, count(*), 0, 0 FROM people WHERE dropped > 0 GROUP BY 2, 3, part
UNION ALL
SELECT 'friction', f, -1, NULL, part, count(*), 0, 0
FROM people, LATERAL (SELECT DISTINCT t / 1000 AS f FROM unnest(troubles) AS t) AS d
WHERE cardinality(troubles) > 0 GROUP BY f, part
UNION ALL
SELECT 'friction', t / 1000, t % 1000, NULL, part, count(*), 0, 0
FROM people, LATERAL (SELECT DISTINCT t FROM unnest(troubles) AS t) AS d
WHERE cardinality(troubles) > 0 GROUP BY t, part
UNION ALL
SELECT 'touched', kind, 0, NULL, part, count(*), sum(ratings)::int, coalesce(sum(felt), 0)::int
FROM touched GROUP BY kind, part
UNION ALL
SELECT 'rated', kind, 0, NULL, part, count(*), 0, 0 FROM touched WHERE ratings > 0 GROUP BY kind, part
UNION ALL
SELECT 'moment', moment, 0, NULL, part, count(DISTINCT person), 0, 0
FROM touched JOIN kinds USING (kind) WHERE moment > 0 GROUP BY moment, part;
