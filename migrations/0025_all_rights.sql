-- All rights of Art. 15-22, and every way in which a request can end.

ALTER TABLE rights_requests
    DROP CONSTRAINT rights_requests_right_check,
    DROP CONSTRAINT rights_requests_state_check,
    ADD CONSTRAINT rights_requests_right_check CHECK (
        "right" IN ('access', 'portability', 'erasure', 'rectification', 'restriction', 'objection')
    ),
    ADD CONSTRAINT rights_requests_state_check CHECK (
        state IN (
            'received', 'verifying', 'open', 'running', 'completed', 'completed_with_exceptions', 'refused', 'cancelled',
            'abandoned'
        )
    ),
    ADD COLUMN unverified     bytea[],
    ADD COLUMN purposes       text[],
    ADD COLUMN replacement    bytea,
    ADD COLUMN grounds        bytea,
    ADD COLUMN address        bytea,
    ADD COLUMN extended_at    timestamptz,
    ADD COLUMN extension      bytea,
    ADD COLUMN refusal        text,
    ADD COLUMN refusal_text   bytea,
    ADD COLUMN closed_at      timestamptz;
UPDATE rights_requests SET closed_at = completed_at;
CREATE INDEX rights_requests_unverified ON rights_requests USING gin (unverified);
CREATE INDEX rights_requests_unfinished ON rights_requests (request_id) WHERE closed_at IS NULL;
COMMENT ON COLUMN rights_requests.state IS 'received, verifying, open, running, completed, completed_with_exceptions, refused, cancelled, abandoned. [pd=none]';
COMMENT ON COLUMN rights_requests.lookups IS 'Keyed hashes of the identifiers whose holder has been verified: whom the request is about. [pd=contact; lookups; erase=empty]';
COMMENT ON COLUMN rights_requests.unverified IS 'Keyed hashes of identifiers that it names too, whose holder has not been verified: nothing is done about them. [pd=contact; other; erase=empty]';
COMMENT ON COLUMN rights_requests.purposes IS 'The purposes that are objected to. [pd=request; erase=empty]';
COMMENT ON COLUMN rights_requests.replacement IS 'What is right instead of what is wrong; sealed. [pd=request; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.grounds IS 'On which grounds it is asked for (Art. 18(1), 21(1)); sealed. [pd=request; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.address IS 'Where the outcome is told; sealed; outlives the erasure that it tells of until that was delivered. [pd=contact; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.extended_at IS 'When the time for the answer was extended; null if it was not. [pd=none]';
COMMENT ON COLUMN rights_requests.extension IS 'Why it was extended; sealed. [pd=request; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.refusal IS 'For which reason of the closed list it was refused. [pd=none]';
COMMENT ON COLUMN rights_requests.refusal_text IS 'That reason in words for the person; sealed. [pd=request; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.closed_at IS 'When nothing more was to be done for it; null while it holds up deletions. [pd=none]';
