-- A browser whose person is known: its cookie leads to the known subject for as long as the link lasts.

ALTER TABLE lookups ADD COLUMN linked_to uuid;
CREATE INDEX lookups_linked ON lookups (linked_to) WHERE linked_to IS NOT NULL;
COMMENT ON COLUMN lookups.subject_id IS 'Whose own identifier it is; immutable. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN lookups.linked_to IS 'The known subject that a linked identifier leads to; null while it leads to its own. [pd=pseudonym; other; erase=delete]';
COMMENT ON COLUMN ledger_entries.kind IS 'What kind of fact: consent, objection, restriction, restriction_lifted, link and unlink (of the known), linked and unlinked (of the browser), erasure; immutable. [pd=none]';
