-- What a request needs until it is served, and the order in which officers see requests: what is unfinished comes first.

ALTER TABLE rights_requests
    ADD COLUMN identifiers  bytea,
    ADD COLUMN lifts_at     timestamptz;
COMMENT ON COLUMN rights_requests.lifts_at IS 'Before when a restriction is not lifted, the person having been told that it will be; null until then. [pd=none]';
COMMENT ON COLUMN rights_requests.identifiers IS 'The identifiers as they were written, where a no of theirs has to be remembered even if nobody is known by them; sealed; gone when it is closed. [pd=contact; sealed; erase=empty]';
DROP INDEX rights_requests_due;
CREATE INDEX rights_requests_urgent ON rights_requests ((closed_at IS NOT NULL), due_at, request_id);
