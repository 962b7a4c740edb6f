-- Entries that closed the gap of a restored backup are found by themselves.

CREATE INDEX ledger_entries_gaps ON ledger_entries (entry_id) WHERE kind = 'gap_closed';
COMMENT ON COLUMN ledger_entries.kind IS 'What kind of fact: consent, objection, restriction, restriction_lifted, link and unlink (of the known), linked and unlinked (of the browser), rights_request, officer_read, erasure, proof_opening, gap_closed; immutable. [pd=none]';
