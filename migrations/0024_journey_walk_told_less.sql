-- The same walk, told less for each person, because each list is copied for each call.
--
-- Of each contact it is told when it was, in seconds; what it is: 4096 * friction event + 64 * channel + stage; and what it
-- is worth as evidence at the end, times 2^1000, lest what is old become nothing at all.

DROP FUNCTION journey_walk;

CREATE FUNCTION journey_walk(
    at float8[], what int[], worth float8[],
    stages int, hysteresis float8, began float8, over float8,
    frictions int[], kinds text[], within_stage int[], times int[], seconds float8[], trouble_of bigint[],
    OUT stage int, OUT faded boolean, OUT path int[], OUT moves int[], OUT took int[], OUT troubles int[]
) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    latest int := cardinality(at);
    evidence float8[] := array_fill(0::float8, ARRAY[stages]);
    noise float8 := 1 + 1e-9;
    lead float8 := (1 + hysteresis) * (1 + 1e-9);
    shortest float8 := 'infinity';
    together boolean := false;
    since float8;
    strongest float8;
    leader int;
    move int;
    s int;
    seen int;
    back int;
BEGIN
    stage := 0; path := '{}'; moves := '{}'; took := '{}'; troubles := '{}';
    FOREACH s IN ARRAY frictions LOOP
        IF kinds[s] = 'pause' THEN shortest := least(shortest, seconds[s]); END IF;
    END LOOP;
    FOR i IN 1..latest LOOP
        IF i > 1 AND at[i] - at[i - 1] >= shortest AND at[i] > began THEN
            FOREACH s IN ARRAY frictions LOOP
                IF kinds[s] = 'pause' AND at[i] - at[i - 1] >= seconds[s] AND within_stage[s] IN (0, stage) THEN
                    troubles := troubles || (s * 1000 + (what[i - 1] >> 6 & 63));
                END IF;
            END LOOP;
        END IF;
        s := what[i] & 63;
        IF s > 0 AND at[i] > over THEN
            strongest := evidence[s] + worth[i];
            evidence[s] := strongest;
            IF s <> stage OR together THEN
                IF i < latest AND at[i + 1] = at[i] THEN
                    together := true;
                ELSE
                    leader := s;
                    IF together THEN
                        leader := 1; strongest := evidence[1]; together := false;
                        FOR k IN 2..stages LOOP
                            IF evidence[k] > strongest * noise THEN leader := k; strongest := evidence[k]; END IF;
                        END LOOP;
                    END IF;
                    IF leader <> stage AND (stage = 0 OR strongest > evidence[stage] * lead) THEN
                        IF at[i] <= began THEN
                            path := ARRAY[leader];
                        ELSE
                            path := path || leader;
                            move := stage * 64 + leader;
                            IF stage > 0 AND move <> ALL(moves) THEN
                                moves := moves || move; took := took || (at[i] - since)::int;
                            END IF;
                        END IF;
                        stage := leader; since := at[i];
                    END IF;
                END IF;
            END IF;
        END IF;
        IF what[i] > 4095 AND at[i] > began THEN
            FOREACH s IN ARRAY frictions LOOP
                CONTINUE WHEN kinds[s] = 'pause' OR within_stage[s] NOT IN (0, stage)
                    OR trouble_of[what[i] >> 12] & (1::bigint << s) = 0;
                seen := 1; back := i - 1;
                WHILE kinds[s] = 'loop' AND seen < times[s] AND back > 0 AND at[i] - at[back] <= seconds[s] LOOP
                    IF what[back] >> 12 = what[i] >> 12 THEN seen := seen + 1; END IF;
                    back := back - 1;
                END LOOP;
                IF kinds[s] = 'error' OR seen >= times[s] THEN
                    troubles := troubles || (s * 1000 + (what[i] >> 6 & 63));
                END IF;
            END LOOP;
        END IF;
    END LOOP;
    faded := stage = 0 OR evidence[stage] <= 1e-9 * power(2::float8, 1000);
END;
$$;
