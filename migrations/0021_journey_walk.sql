-- How people walk through the stages of a journey, for its report; what it is for one of them is service/journey/rules.py.

CREATE FUNCTION journey_walk(
    at float8[], sign int[],
    stage_of int[], weight_of float8[], channel_of int[], event_of int[], trouble_of bigint[],
    stages int, half_life float8, hysteresis float8, began float8, ended float8, ending int[],
    kinds text[], within_stage int[], times int[], seconds float8[],
    OUT stage int, OUT faded boolean, OUT path int[], OUT moves int[], OUT took int[], OUT troubles int[]
) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    latest int := cardinality(at);
    evidence float8[] := array_fill(0::float8, ARRAY[stages]);
    noise float8 := 1 + 1e-9;
    lead float8 := (1 + hysteresis) * (1 + 1e-9);
    watched boolean := cardinality(kinds) > 0;
    shortest float8 := (SELECT min(seconds[f]) FROM generate_subscripts(kinds, 1) AS f WHERE kinds[f] = 'pause');
    together boolean := false;
    over float8 := '-infinity';
    since float8;
    strongest float8;
    leader int;
    move int;
    s int;
    seen int;
    back int;
BEGIN
    stage := 0; path := '{}'; moves := '{}'; took := '{}'; troubles := '{}';
    IF cardinality(ending) > 0 THEN
        FOR i IN 1..latest LOOP
            IF sign[i] = ANY(ending) THEN over := at[i]; END IF;
        END LOOP;
    END IF;
    FOR i IN 1..latest LOOP
        s := stage_of[sign[i]];
        IF i > 1 AND at[i] - at[i - 1] >= shortest AND at[i] > began THEN
            FOR f IN 1..cardinality(kinds) LOOP
                IF kinds[f] = 'pause' AND at[i] - at[i - 1] >= seconds[f] AND within_stage[f] IN (0, stage) THEN
                    troubles := troubles || (f * 1000 + channel_of[sign[i - 1]]);
                END IF;
            END LOOP;
        END IF;
        IF s > 0 AND at[i] > over THEN
            -- Evidence as it will be worth at the end, and 2^1000 times that, lest what is old become nothing at all.
            evidence[s] := evidence[s] + weight_of[sign[i]] * power(2::float8, greatest(-1000, 1000 + (at[i] - ended) / half_life));
            IF s <> stage OR together THEN
                IF i < latest AND at[i + 1] = at[i] THEN
                    together := true;
                ELSE
                    leader := s; strongest := evidence[s];
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
        IF watched AND at[i] > began AND trouble_of[sign[i]] > 0 THEN
            FOR f IN 1..cardinality(kinds) LOOP
                CONTINUE WHEN kinds[f] = 'pause' OR trouble_of[sign[i]] & (1::bigint << f) = 0 OR within_stage[f] NOT IN (0, stage);
                seen := 1; back := i - 1;
                WHILE kinds[f] = 'loop' AND seen < times[f] AND back > 0 AND at[i] - at[back] <= seconds[f] LOOP
                    IF event_of[sign[back]] = event_of[sign[i]] THEN seen := seen + 1; END IF;
                    back := back - 1;
                END LOOP;
                IF kinds[f] = 'error' OR seen >= times[f] THEN
                    troubles := troubles || (f * 1000 + channel_of[sign[i]]);
                END IF;
            END LOOP;
        END IF;
    END LOOP;
    faded := stage = 0 OR evidence[stage] <= 1e-9 * power(2::float8, 1000);
END;
$$;
