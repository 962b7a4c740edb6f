-- Since when which bundle is in force, so that a check about the past is judged by the one of then.

CREATE TABLE activations (
    activated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    digest        text        NOT NULL,
    PRIMARY KEY (activated_at, digest)
);
COMMENT ON TABLE activations IS 'Every change of the bundle in force, which lasts until the next; append only. [purposes=none]';
COMMENT ON COLUMN activations.activated_at IS 'When the bundle was made the active one; immutable. [pd=none]';
COMMENT ON COLUMN activations.digest IS 'Names the bundle; immutable. [pd=none]';

-- Every start of the service wrote over the time of its bundle. Entries say since when it was there at the latest.
INSERT INTO activations (activated_at, digest)
SELECT activated_at, digest FROM bundles
UNION
SELECT min(e.recorded_at), b.digest
FROM bundles b JOIN ledger_entries e ON e.payload ->> 'bundle' = b.digest AND e.recorded_at < b.activated_at
GROUP BY b.digest;

ALTER TABLE bundles DROP COLUMN activated_at;
