-- name: address
-- Where the outcome of a request is told; sealed.
SELECT address FROM rights_requests WHERE request_id = $1;

-- name: keep_address
-- Tell the outcome of a request there.
UPDATE rights_requests SET address = $2 WHERE request_id = $1;
