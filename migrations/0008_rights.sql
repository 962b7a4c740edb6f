-- Requests of people about their data (Art. 15-21), and how they ended.

CREATE TABLE rights_requests (
    request_id    uuid        NOT NULL PRIMARY KEY,
    "right"       text        NOT NULL CHECK ("right" IN ('access', 'erasure')),
    state         text        NOT NULL CHECK (state IN ('verifying', 'open', 'running', 'completed')),
    language      text        NOT NULL,
    lookups       bytea[],
    details       bytea,
    filed_by      text        NOT NULL,
    received_at   timestamptz NOT NULL,
    due_at        timestamptz NOT NULL,
    verified_by   text,
    verification  bytea,
    verified_at   timestamptz,
    completed_at  timestamptz,
    certificate   text
);
CREATE INDEX rights_requests_due ON rights_requests (due_at, request_id);
CREATE INDEX rights_requests_lookups ON rights_requests USING gin (lookups);
COMMENT ON TABLE rights_requests IS 'One row a request; emptied of what leads to the person when an erasure closes it. [purposes=none]';
COMMENT ON COLUMN rights_requests.request_id IS 'Names the request; immutable. [pd=none]';
COMMENT ON COLUMN rights_requests."right" IS 'Which right; immutable. [pd=none]';
COMMENT ON COLUMN rights_requests.state IS 'verifying, open, running, completed. [pd=none]';
COMMENT ON COLUMN rights_requests.language IS 'The language the person asked in; immutable. [pd=none]';
COMMENT ON COLUMN rights_requests.lookups IS 'Keyed hashes of the identifiers that the request names. [pd=contact; lookups; erase=empty]';
COMMENT ON COLUMN rights_requests.details IS 'What the person wrote; sealed. [pd=request; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.filed_by IS 'The key or officer that filed it; who filed may not approve; immutable. [pd=none]';
COMMENT ON COLUMN rights_requests.received_at IS 'When the clock of Art. 12(3) started; immutable. [pd=none]';
COMMENT ON COLUMN rights_requests.due_at IS 'When the answer is due. [pd=none]';
COMMENT ON COLUMN rights_requests.verified_by IS 'The key or officer that vouched for the identity. [pd=none]';
COMMENT ON COLUMN rights_requests.verification IS 'How it was vouched for, method and note; sealed. [pd=request; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.verified_at IS 'When. [pd=none]';
COMMENT ON COLUMN rights_requests.completed_at IS 'When the person''s right was served. [pd=none]';
COMMENT ON COLUMN rights_requests.certificate IS 'The signed certificate of an erasure; names no person. [pd=none]';

CREATE TABLE rights_approvals (
    request_id   uuid        NOT NULL,
    officer_id   uuid        NOT NULL,
    approved_at  timestamptz NOT NULL,
    PRIMARY KEY (request_id, officer_id)
);
COMMENT ON TABLE rights_approvals IS 'Which officers approved which request. [purposes=none]';
COMMENT ON COLUMN rights_approvals.request_id IS 'The request; immutable. [pd=none]';
COMMENT ON COLUMN rights_approvals.officer_id IS 'The officer; immutable. [pd=none]';
COMMENT ON COLUMN rights_approvals.approved_at IS 'When; immutable. [pd=none]';
