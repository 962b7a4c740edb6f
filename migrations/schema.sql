-- The schema that the migrations lead to, as the catalogue has it. Written by `placet schema`.

CREATE TABLE activations (
    activated_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    digest text NOT NULL,
    officer_id uuid,
    CONSTRAINT activations_pkey PRIMARY KEY (activated_at, digest)
);
COMMENT ON TABLE activations IS 'Every change of the bundle in force, which lasts until the next; append only. [purposes=none]';
COMMENT ON COLUMN activations.activated_at IS 'When the bundle was made the active one; immutable. [pd=none]';
COMMENT ON COLUMN activations.digest IS 'Names the bundle; immutable. [pd=none]';
COMMENT ON COLUMN activations.officer_id IS 'The officer who asked for it; null where a start or a signal did; immutable. [pd=none]';

CREATE TABLE api_keys (
    key_id text NOT NULL,
    kind text NOT NULL,
    key_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    site text,
    label text NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamp with time zone,
    recipient text,
    CONSTRAINT api_keys_check CHECK (((kind = 'browser'::text) = (site IS NOT NULL))),
    CONSTRAINT api_keys_kind_check CHECK ((kind = ANY (ARRAY['server'::text, 'browser'::text]))),
    CONSTRAINT api_keys_recipient CHECK (((recipient IS NULL) OR (kind = 'server'::text))),
    CONSTRAINT api_keys_pkey PRIMARY KEY (key_id)
);
COMMENT ON TABLE api_keys IS 'Credentials of servers and browsers. [purposes=none]';
COMMENT ON COLUMN api_keys.key_id IS 'The public half of the key; immutable. [pd=none]';
COMMENT ON COLUMN api_keys.kind IS 'server (secret key) or browser (publishable key); immutable. [pd=none]';
COMMENT ON COLUMN api_keys.key_hash IS 'SHA-256 of the 256 random bits of the secret half; immutable. [pd=none]';
COMMENT ON COLUMN api_keys.scopes IS 'What the key may do. [pd=none]';
COMMENT ON COLUMN api_keys.site IS 'The site a browser key belongs to; its origins are in the bundle. [pd=none]';
COMMENT ON COLUMN api_keys.label IS 'What the operator called the key. [pd=none]';
COMMENT ON COLUMN api_keys.created_at IS 'When the key was made; immutable. [pd=none]';
COMMENT ON COLUMN api_keys.revoked_at IS 'From when the key is refused. [pd=none]';
COMMENT ON COLUMN api_keys.recipient IS 'The recipient of the bundle that the key belongs to; null for one of the controller''s own. [pd=none]';

CREATE TABLE arm_tables (
    version uuid NOT NULL,
    placement text NOT NULL,
    stage text NOT NULL,
    probabilities jsonb NOT NULL,
    revision bigint NOT NULL,
    computed_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    bundle text NOT NULL,
    CONSTRAINT arm_tables_pkey PRIMARY KEY (version)
);
CREATE INDEX arm_tables_slot ON public.arm_tables USING btree (placement, stage, version);
COMMENT ON TABLE arm_tables IS 'With which probability each offer is the best of a slot, computed from `arms`; the newest version counts. [purposes=none]';
COMMENT ON COLUMN arm_tables.version IS 'Names the table, and seeds what it was drawn with; time-ordered; immutable. [pd=none]';
COMMENT ON COLUMN arm_tables.placement IS 'For which slot; immutable. [pd=none]';
COMMENT ON COLUMN arm_tables.stage IS 'For people at which stage, empty for none; immutable. [pd=none]';
COMMENT ON COLUMN arm_tables.probabilities IS 'By offer; they add up to one; immutable. [pd=none]';
COMMENT ON COLUMN arm_tables.revision IS 'The sum of the revisions of the arms that it was computed from; immutable. [pd=none]';
COMMENT ON COLUMN arm_tables.computed_at IS 'When; immutable. [pd=none]';
COMMENT ON COLUMN arm_tables.bundle IS 'Digest of the policies whose offers compete in it; immutable. [pd=none]';

CREATE TABLE arms (
    placement text NOT NULL,
    stage text NOT NULL,
    offer text NOT NULL,
    shown bigint NOT NULL,
    succeeded bigint NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT arms_pkey PRIMARY KEY (placement, stage, offer)
);
COMMENT ON TABLE arms IS 'How often each offer was shown and succeeded: the sums of the rows of `interactions` that say so, and of no others. [purposes=none]';
COMMENT ON COLUMN arms.placement IS 'In which slot; immutable. [pd=none]';
COMMENT ON COLUMN arms.stage IS 'To people at which stage, empty for none; immutable. [pd=none]';
COMMENT ON COLUMN arms.offer IS 'Which offer; immutable. [pd=none]';
COMMENT ON COLUMN arms.shown IS 'To how many decisions it was shown. [pd=none]';
COMMENT ON COLUMN arms.succeeded IS 'With how many of them it succeeded. [pd=none]';
COMMENT ON COLUMN arms.revision IS 'By how much the numbers have changed in all, whether they grew or were subtracted from. [pd=none]';

CREATE TABLE bundles (
    digest text NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT bundles_pkey PRIMARY KEY (digest)
);
COMMENT ON TABLE bundles IS 'Every bundle that was ever active, whole, so that any notice text can be shown again. [purposes=none]';
COMMENT ON COLUMN bundles.digest IS 'sha256: and the digest of content; immutable. [pd=none]';
COMMENT ON COLUMN bundles.content IS 'All files of the bundle as canonical JSON (RFC 8785); immutable. [pd=none]';

CREATE TABLE cap_counters (
    subject_id uuid NOT NULL,
    cap text NOT NULL,
    window_start timestamp with time zone NOT NULL,
    n integer NOT NULL,
    purposes text[] NOT NULL,
    counted_since timestamp with time zone NOT NULL,
    CONSTRAINT cap_counters_pkey PRIMARY KEY (subject_id, cap, window_start)
);
CREATE INDEX cap_counters_age ON public.cap_counters USING btree (counted_since);
COMMENT ON TABLE cap_counters IS 'One row a counter: a cap, an offer, group or placement, and a window. [purposes=purposes; since=counted_since; needs=all]';
COMMENT ON COLUMN cap_counters.subject_id IS 'Whom it counts for; zero for everybody together, which says nothing about anyone. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN cap_counters.cap IS 'Which cap, and of which offer, group or placement; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN cap_counters.window_start IS 'When the hour, day, week or month began; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN cap_counters.n IS 'How often it was counted. [pd=decision; erase=delete]';
COMMENT ON COLUMN cap_counters.purposes IS 'The purposes of what was counted; none for everybody together. [pd=decision; erase=delete]';
COMMENT ON COLUMN cap_counters.counted_since IS 'When the first of them was counted. [pd=decision; erase=delete]';

CREATE TABLE consent_proofs (
    subject_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    sealed bytea NOT NULL,
    keep_until timestamp with time zone NOT NULL,
    asked_by uuid,
    asked_at timestamp with time zone,
    CONSTRAINT consent_proofs_pkey PRIMARY KEY (subject_id, entry_id)
);
CREATE INDEX consent_proofs_ended ON public.consent_proofs USING btree (keep_until);
CREATE UNIQUE INDEX consent_proofs_entry ON public.consent_proofs USING btree (entry_id);
COMMENT ON TABLE consent_proofs IS 'One row a consent of somebody erased: the entry of the ledger that was emptied. [purposes=none]';
COMMENT ON COLUMN consent_proofs.subject_id IS 'Whose it was; a random id that leads nowhere; immutable. [pd=pseudonym; subject; erase=keep]';
COMMENT ON COLUMN consent_proofs.entry_id IS 'The entry, which a kept receipt names; immutable. [pd=none]';
COMMENT ON COLUMN consent_proofs.sealed IS 'Payload and salt of the entry, and the keyed hashes of the identifiers; sealed under the claims key; immutable. [pd=consent; erase=keep]';
COMMENT ON COLUMN consent_proofs.keep_until IS 'When it is deleted; immutable. [pd=none]';
COMMENT ON COLUMN consent_proofs.asked_by IS 'The officer who asked to open it, and waits for another; null if nobody does. [pd=none]';
COMMENT ON COLUMN consent_proofs.asked_at IS 'When. [pd=none]';

CREATE TABLE consent_state (
    subject_id uuid NOT NULL,
    purpose text NOT NULL,
    status text NOT NULL,
    entry_id uuid NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    valid_until timestamp with time zone,
    given_since timestamp with time zone,
    notice_id text NOT NULL,
    notice_version text NOT NULL,
    gpc boolean NOT NULL,
    guardian_missing boolean NOT NULL DEFAULT false,
    CONSTRAINT consent_state_status_check CHECK ((status = ANY (ARRAY['given'::text, 'refused'::text, 'withdrawn'::text]))),
    CONSTRAINT consent_state_pkey PRIMARY KEY (subject_id, purpose)
);
COMMENT ON TABLE consent_state IS 'Projection of ledger_entries: state == fold(history). [purposes=none]';
COMMENT ON COLUMN consent_state.subject_id IS 'Whose decision. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN consent_state.purpose IS 'The purpose decided on. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.status IS 'given, refused or withdrawn; expiry is judged when read. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.entry_id IS 'The ledger entry that says so. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.effective_at IS 'When it took effect. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.valid_until IS 'The instant from which a grant is expired. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.given_since IS 'When the unbroken run of grants was first recorded: data is readable from then on. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.notice_id IS 'The notice that was shown. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.notice_version IS 'Its version. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.gpc IS 'Whether Global Privacy Control was on when it was said. [pd=consent; erase=delete]';
COMMENT ON COLUMN consent_state.guardian_missing IS 'Whether it was said by a minor for whom no guardian was verified. [pd=consent; erase=delete]';

CREATE TABLE decisions (
    subject_id uuid NOT NULL,
    decision_id uuid NOT NULL,
    site text NOT NULL,
    placement text NOT NULL,
    offer text NOT NULL,
    stage text,
    mode text NOT NULL,
    reason text NOT NULL,
    proof uuid[] NOT NULL,
    purposes text[] NOT NULL,
    propensity double precision NOT NULL,
    bundle text NOT NULL,
    inputs bytea,
    decided_at timestamp with time zone NOT NULL,
    emptied_at timestamp with time zone,
    learnable boolean NOT NULL DEFAULT false,
    CONSTRAINT decisions_pkey PRIMARY KEY (subject_id, decision_id)
);
CREATE INDEX decisions_age ON public.decisions USING btree (decided_at);
CREATE INDEX decisions_decision ON public.decisions USING btree (decision_id);
COMMENT ON TABLE decisions IS 'One row a profiled decision. [purposes=purposes; since=decided_at; needs=all]';
COMMENT ON COLUMN decisions.subject_id IS 'For whom. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN decisions.decision_id IS 'Names the decision; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.site IS 'On which site; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.placement IS 'Which slot was filled; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.offer IS 'By which offer; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.stage IS 'At which stage of the default journey; an inference. [pd=inference; ended=empty; erase=delete]';
COMMENT ON COLUMN decisions.mode IS 'profiled; the other modes are not stored; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.reason IS 'Why this offer, in OpenFeature''s words, or HOLDOUT for who sees fallbacks to be compared with; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.proof IS 'The ledger entries that allowed it; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.purposes IS 'The purposes whose data was used; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.propensity IS 'With which probability this offer was chosen; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.bundle IS 'Digest of the policies in force; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.inputs IS 'What it was made on: the values that the rules read with their purposes, what was allowed, what was out, and the draw; sealed. [pd=inference; sealed; ended=empty; erase=delete]';
COMMENT ON COLUMN decisions.decided_at IS 'When, by the service''s clock; immutable. [pd=decision; erase=delete]';
COMMENT ON COLUMN decisions.emptied_at IS 'When inputs and stage were deleted, because a purpose that they were used for had ended. [pd=decision; ended=date; erase=delete]';
COMMENT ON COLUMN decisions.learnable IS 'Whether learning from it was allowed when it was made; immutable. [pd=decision; erase=delete]';

CREATE TABLE deletions (
    subject_id uuid NOT NULL,
    since timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT deletions_pkey PRIMARY KEY (subject_id)
);
COMMENT ON TABLE deletions IS 'Whose data of ended purposes is not all deleted yet: too many rows for one transaction, or held. [purposes=none]';
COMMENT ON COLUMN deletions.subject_id IS 'Whose data. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN deletions.since IS 'Since when the worker has to look after it. [pd=technical; erase=delete]';

CREATE TABLE farewells (
    entry_id uuid NOT NULL,
    recipient text NOT NULL,
    pseudonym bytea NOT NULL,
    erased_at timestamp with time zone NOT NULL,
    CONSTRAINT farewells_pkey PRIMARY KEY (entry_id, recipient)
);
CREATE INDEX farewells_erased_at ON public.farewells USING btree (erased_at);
COMMENT ON TABLE farewells IS 'What recipients called people who were erased, so that they can be told; forgotten after 30 days. [purposes=none]';
COMMENT ON COLUMN farewells.entry_id IS 'The ledger entry of the erasure, which leads to nobody; immutable. [pd=pseudonym; subject]';
COMMENT ON COLUMN farewells.recipient IS 'Who is to be told: a recipient of the bundle; immutable. [pd=none]';
COMMENT ON COLUMN farewells.pseudonym IS 'What they called the person; sealed; immutable. [pd=pseudonym; sealed]';
COMMENT ON COLUMN farewells.erased_at IS 'When the person was erased; immutable. [pd=none]';

CREATE TABLE holds (
    subject_id uuid NOT NULL,
    data text NOT NULL,
    until timestamp with time zone NOT NULL,
    reason bytea NOT NULL,
    request_id uuid NOT NULL,
    held_at timestamp with time zone NOT NULL,
    CONSTRAINT holds_pkey PRIMARY KEY (subject_id, data, request_id)
);
CREATE INDEX holds_request ON public.holds USING btree (request_id);
CREATE INDEX holds_until ON public.holds USING btree (until);
COMMENT ON TABLE holds IS 'Data that must be kept for a time although its erasure was asked for (Art. 17(3)). [purposes=none]';
COMMENT ON COLUMN holds.subject_id IS 'Whose data. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN holds.data IS 'Which data: a table of the data map; immutable. [pd=request; erase=delete]';
COMMENT ON COLUMN holds.until IS 'Until when at the longest. [pd=request; erase=delete]';
COMMENT ON COLUMN holds.reason IS 'Why; sealed. [pd=request; sealed; erase=delete]';
COMMENT ON COLUMN holds.request_id IS 'On which request an officer said so; each holds for itself; immutable. [pd=request; erase=delete]';
COMMENT ON COLUMN holds.held_at IS 'Since when. [pd=request; erase=delete]';

CREATE TABLE idempotency (
    key_hash bytea NOT NULL,
    body_mac bytea NOT NULL,
    answer bytea,
    subject_id uuid,
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT idempotency_pkey PRIMARY KEY (key_hash)
);
CREATE INDEX idempotency_age ON public.idempotency USING btree (created_at);
CREATE INDEX idempotency_subject ON public.idempotency USING btree (subject_id) WHERE (subject_id IS NOT NULL);
COMMENT ON TABLE idempotency IS 'Answers already given, for 24 hours, so that a repeated write is answered and not done again. [purposes=none]';
COMMENT ON COLUMN idempotency.key_hash IS 'HMAC of caller and Idempotency-Key; immutable. [pd=none]';
COMMENT ON COLUMN idempotency.body_mac IS 'HMAC of operation and body; kept its 24 hours, so that a repetition does not undo an erasure; immutable. [pd=technical; erase=keep]';
COMMENT ON COLUMN idempotency.answer IS 'The answer, a copy of what the tables of the domain hold; sealed. [pd=technical; sealed; erase=empty]';
COMMENT ON COLUMN idempotency.subject_id IS 'Whom the answer is about, if anyone. [pd=pseudonym; subject; erase=empty]';
COMMENT ON COLUMN idempotency.created_at IS 'When the answer was given; kept with the key; immutable. [pd=technical; erase=keep]';

CREATE TABLE interactions (
    subject_id uuid NOT NULL,
    decision_id uuid NOT NULL,
    event text NOT NULL,
    placement text NOT NULL,
    offer text NOT NULL,
    stage text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    purposes text[] NOT NULL,
    shown boolean NOT NULL,
    succeeded boolean NOT NULL,
    CONSTRAINT interactions_pkey PRIMARY KEY (subject_id, decision_id, event)
);
CREATE INDEX interactions_age ON public.interactions USING btree (recorded_at);
CREATE INDEX interactions_dismissals ON public.interactions USING btree (subject_id) WHERE (event = 'dismissal'::text);
CREATE UNIQUE INDEX interactions_shown ON public.interactions USING btree (subject_id, decision_id) WHERE shown;
CREATE UNIQUE INDEX interactions_succeeded ON public.interactions USING btree (subject_id, decision_id) WHERE succeeded;
COMMENT ON TABLE interactions IS 'One row for each kind of thing that somebody did with a decision. [purposes=purposes; since=recorded_at; needs=all]';
COMMENT ON COLUMN interactions.subject_id IS 'Who did it. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN interactions.decision_id IS 'With which decision; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.event IS 'What: impression, click, conversion, dismissal; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.placement IS 'Which slot the decision had filled; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.offer IS 'With which offer; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.stage IS 'At which stage of the default journey, empty for none; an inference; immutable. [pd=inference; erase=delete]';
COMMENT ON COLUMN interactions.occurred_at IS 'When it happened, as the sender says; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.recorded_at IS 'When we learnt it, by the database''s clock; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.purposes IS 'The purposes whose data the decision had used; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN interactions.shown IS 'Whether `arms` counts the offer as shown by this row. [pd=technical; erase=delete]';
COMMENT ON COLUMN interactions.succeeded IS 'Whether `arms` counts a success by this row. [pd=technical; erase=delete]';

CREATE TABLE key_fingerprints (
    use text NOT NULL,
    version smallint NOT NULL,
    fingerprint bytea NOT NULL,
    first_seen timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT key_fingerprints_pkey PRIMARY KEY (use, version)
);
COMMENT ON TABLE key_fingerprints IS 'By what the keys of this deployment are known again; no key can be found from it. [purposes=none]';
COMMENT ON COLUMN key_fingerprints.use IS 'What the key is for: lookup, seal, token, signing, recipient, claims, epoch; immutable. [pd=none]';
COMMENT ON COLUMN key_fingerprints.version IS 'Its version; immutable. [pd=none]';
COMMENT ON COLUMN key_fingerprints.fingerprint IS 'HMAC of a fixed text under the key; immutable. [pd=none]';
COMMENT ON COLUMN key_fingerprints.first_seen IS 'When the service was first used with the key; immutable. [pd=none]';

CREATE TABLE key_stages (
    use text NOT NULL,
    oldest smallint NOT NULL,
    newest smallint NOT NULL,
    reads smallint NOT NULL,
    changed_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT key_stages_check CHECK (((oldest <= reads) AND (reads <= newest))),
    CONSTRAINT key_stages_pkey PRIMARY KEY (use)
);
COMMENT ON TABLE key_stages IS 'How far the rotation of each key is; one row a use of keys that rotate. [purposes=none]';
COMMENT ON COLUMN key_stages.use IS 'What the key is for; immutable. [pd=none]';
COMMENT ON COLUMN key_stages.oldest IS 'The oldest version that is still in use. [pd=none]';
COMMENT ON COLUMN key_stages.newest IS 'The newest version; of lookups, both it and the oldest one are written. [pd=none]';
COMMENT ON COLUMN key_stages.reads IS 'The version by which people are found, or with which is signed. [pd=none]';
COMMENT ON COLUMN key_stages.changed_at IS 'Since when. [pd=none]';

CREATE TABLE ledger_checkpoints (
    tree_size bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL,
    CONSTRAINT ledger_checkpoints_pkey PRIMARY KEY (tree_size)
);
COMMENT ON TABLE ledger_checkpoints IS 'Every checkpoint that was signed and published; append only. [purposes=none]';
COMMENT ON COLUMN ledger_checkpoints.tree_size IS 'How many leaves the tree had; immutable. [pd=none]';
COMMENT ON COLUMN ledger_checkpoints.root IS 'Its root hash (RFC 6962); immutable. [pd=none]';
COMMENT ON COLUMN ledger_checkpoints.note IS 'The signed note (C2SP tlog-checkpoint); immutable. [pd=none]';

CREATE TABLE ledger_entries (
    subject_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    kind text NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    payload jsonb,
    evidence bytea,
    salt bytea,
    commitment bytea NOT NULL,
    CONSTRAINT ledger_entries_pkey PRIMARY KEY (subject_id, entry_id)
);
CREATE INDEX ledger_entries_entry ON public.ledger_entries USING btree (entry_id);
CREATE INDEX ledger_entries_gaps ON public.ledger_entries USING btree (entry_id) WHERE (kind = 'gap_closed'::text);
COMMENT ON TABLE ledger_entries IS 'The ledger: one row a fact, never changed but emptied by an erasure. [purposes=none]';
COMMENT ON COLUMN ledger_entries.subject_id IS 'Whom it is about; a random id that leads nowhere after erasure; immutable. [pd=pseudonym; subject; erase=keep]';
COMMENT ON COLUMN ledger_entries.entry_id IS 'Names the entry; time-ordered; immutable. [pd=none]';
COMMENT ON COLUMN ledger_entries.kind IS 'What kind of fact: consent, objection, restriction, restriction_lifted, link and unlink (of the known), linked and unlinked (of the browser), rights_request, officer_read, erasure, proof_opening, gap_closed; immutable. [pd=none]';
COMMENT ON COLUMN ledger_entries.effective_at IS 'When it took effect; kept as proof that it happened; immutable. [pd=consent; erase=keep]';
COMMENT ON COLUMN ledger_entries.recorded_at IS 'When we learnt it, by the database''s clock; kept as proof; immutable. [pd=consent; erase=keep]';
COMMENT ON COLUMN ledger_entries.payload IS 'The fact: what the commitment commits to. [pd=consent; erase=empty]';
COMMENT ON COLUMN ledger_entries.evidence IS 'What the site observed when it was said, and who agreed for a minor; sealed under the person''s own key. [pd=consent; sealed; own; erase=empty]';
COMMENT ON COLUMN ledger_entries.salt IS '32 random bytes; without them the commitment says nothing. [pd=consent; erase=empty]';
COMMENT ON COLUMN ledger_entries.commitment IS 'SHA-256 of salt and canonical payload; identifies no one once the salt is gone; immutable. [pd=none]';

CREATE TABLE ledger_leaves (
    leaf_index bigint NOT NULL,
    entry_id uuid NOT NULL,
    leaf_hash bytea NOT NULL,
    CONSTRAINT ledger_leaves_pkey PRIMARY KEY (leaf_index)
);
CREATE UNIQUE INDEX ledger_leaves_entry ON public.ledger_leaves USING btree (entry_id);
COMMENT ON TABLE ledger_leaves IS 'The leaves of the tree, from 0 on without a gap; append only, for ever. [purposes=none]';
COMMENT ON COLUMN ledger_leaves.leaf_index IS 'Its place in the tree; immutable. [pd=none]';
COMMENT ON COLUMN ledger_leaves.entry_id IS 'The entry; immutable. [pd=none]';
COMMENT ON COLUMN ledger_leaves.leaf_hash IS 'The hash of the leaf (RFC 6962); immutable. [pd=none]';

CREATE TABLE ledger_nodes (
    level smallint NOT NULL,
    place bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT ledger_nodes_pkey PRIMARY KEY (level, place)
);
COMMENT ON TABLE ledger_nodes IS 'The complete subtrees of more than one leaf, from which proofs are made; append only. [purposes=none]';
COMMENT ON COLUMN ledger_nodes.level IS 'It has two to this power leaves; immutable. [pd=none]';
COMMENT ON COLUMN ledger_nodes.place IS 'Its number from the left among those of its level, from 0 on; immutable. [pd=none]';
COMMENT ON COLUMN ledger_nodes.hash IS 'Its root hash (RFC 6962); immutable. [pd=none]';

CREATE TABLE ledger_queue (
    entry_id uuid NOT NULL,
    leaf_hash bytea NOT NULL,
    CONSTRAINT ledger_queue_pkey PRIMARY KEY (entry_id)
);
COMMENT ON TABLE ledger_queue IS 'Entries that are not in the tree yet; written with the entry, emptied about once a second. [purposes=none]';
COMMENT ON COLUMN ledger_queue.entry_id IS 'The entry that waits. [pd=none]';
COMMENT ON COLUMN ledger_queue.leaf_hash IS 'The hash of its leaf (RFC 6962): of its commitment, which identifies no one. [pd=none]';

CREATE TABLE letters (
    request_id uuid NOT NULL,
    letter_id uuid NOT NULL,
    kind text NOT NULL,
    content bytea NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    enqueued_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    next_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    until timestamp with time zone NOT NULL,
    CONSTRAINT letters_pkey PRIMARY KEY (request_id, letter_id)
);
CREATE INDEX letters_next ON public.letters USING btree (next_at);
COMMENT ON TABLE letters IS 'Letters to people that are under way; a row goes with its address once it is delivered, or of no use. [purposes=none]';
COMMENT ON COLUMN letters.request_id IS 'About which request of theirs it is, which leads to nobody by itself; immutable. [pd=pseudonym; subject]';
COMMENT ON COLUMN letters.letter_id IS 'Names the letter; time-ordered; immutable. [pd=none]';
COMMENT ON COLUMN letters.kind IS 'What it is about: code, extended, refused, completed …; immutable. [pd=none]';
COMMENT ON COLUMN letters.content IS 'Where it goes and what it says; sealed; outlives an erasure until it is delivered. [pd=contact; sealed]';
COMMENT ON COLUMN letters.attempts IS 'How often it was tried. [pd=none]';
COMMENT ON COLUMN letters.enqueued_at IS 'When it was written; immutable. [pd=none]';
COMMENT ON COLUMN letters.next_at IS 'When it is tried, or may be tried by another worker. [pd=none]';
COMMENT ON COLUMN letters.until IS 'From when it is of no use; immutable. [pd=none]';

CREATE TABLE lookups (
    lookup bytea NOT NULL,
    subject_id uuid NOT NULL,
    kind text NOT NULL,
    key_version smallint NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    linked_to uuid,
    CONSTRAINT lookups_version CHECK ((SUBSTRING(lookup FROM 1 FOR 2) = int2send(key_version))),
    CONSTRAINT lookups_pkey PRIMARY KEY (lookup)
);
CREATE INDEX lookups_linked ON public.lookups USING btree (linked_to) WHERE (linked_to IS NOT NULL);
CREATE INDEX lookups_subject ON public.lookups USING btree (subject_id);
COMMENT ON TABLE lookups IS 'The only way from an identifier to a subject. [purposes=none]';
COMMENT ON COLUMN lookups.lookup IS 'The version of the key, and HMAC-SHA-256 of kind and normalised identifier under it; immutable. [pd=pseudonym; erase=delete]';
COMMENT ON COLUMN lookups.subject_id IS 'Whose own identifier it is; immutable. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN lookups.kind IS 'cookie, email, phone, customer_id …; immutable. [pd=contact; erase=delete]';
COMMENT ON COLUMN lookups.key_version IS 'Which lookup key made the hash. [pd=none]';
COMMENT ON COLUMN lookups.sealed IS 'The normalised identifier, AES-256-GCM under the person''s own key. [pd=contact; sealed; own; erase=delete]';
COMMENT ON COLUMN lookups.created_at IS 'When the identifier was first recorded; immutable. [pd=technical; erase=delete]';
COMMENT ON COLUMN lookups.linked_to IS 'The known subject that a linked identifier leads to; null while it leads to its own. [pd=pseudonym; other; erase=delete]';

CREATE TABLE migrations (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT migrations_pkey PRIMARY KEY (name)
);
COMMENT ON TABLE migrations IS 'Which files of migrations/ this database has. [purposes=none]';
COMMENT ON COLUMN migrations.name IS 'The file; immutable. [pd=none]';
COMMENT ON COLUMN migrations.checksum IS 'SHA-256 of the file, which never changes once applied; immutable. [pd=none]';
COMMENT ON COLUMN migrations.applied_at IS 'When; immutable. [pd=none]';

CREATE TABLE notice_texts (
    sha256 text NOT NULL,
    notice_id text NOT NULL,
    version text NOT NULL,
    language text NOT NULL,
    text text NOT NULL,
    kept_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT notice_texts_pkey PRIMARY KEY (sha256)
);
COMMENT ON TABLE notice_texts IS 'Texts that imports came with, each once, so that it can be shown again. [purposes=none]';
COMMENT ON COLUMN notice_texts.sha256 IS 'SHA-256 of the text''s UTF-8 bytes, in hex; ledger entries name it; immutable. [pd=none]';
COMMENT ON COLUMN notice_texts.notice_id IS 'The notice of the bundle whose place the text took; immutable. [pd=none]';
COMMENT ON COLUMN notice_texts.version IS 'Which version of that notice it counts as, by the first import that came with it; immutable. [pd=none]';
COMMENT ON COLUMN notice_texts.language IS 'Its language; immutable. [pd=none]';
COMMENT ON COLUMN notice_texts.text IS 'What was shown to everyone, word for word; immutable. [pd=none]';
COMMENT ON COLUMN notice_texts.kept_at IS 'When it first came. [pd=none]';

CREATE TABLE objections (
    subject_id uuid NOT NULL,
    purpose text NOT NULL,
    entry_id uuid NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    direct_marketing boolean NOT NULL,
    CONSTRAINT objections_pkey PRIMARY KEY (subject_id, purpose)
);
COMMENT ON TABLE objections IS 'The last objection of each person to each purpose; the ledger has them all. [purposes=none]';
COMMENT ON COLUMN objections.subject_id IS 'Who objected. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN objections.purpose IS 'The purpose objected to. [pd=consent; erase=delete]';
COMMENT ON COLUMN objections.entry_id IS 'The ledger entry that says so. [pd=consent; erase=delete]';
COMMENT ON COLUMN objections.effective_at IS 'When it took effect; a later grant of the purpose ends it. [pd=consent; erase=delete]';
COMMENT ON COLUMN objections.direct_marketing IS 'Whether the purpose was direct marketing then, so that the objection covers all of it. [pd=consent; erase=delete]';

CREATE TABLE officer_sessions (
    session_hash bytea NOT NULL,
    officer_id uuid NOT NULL,
    logged_in_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT officer_sessions_pkey PRIMARY KEY (session_hash)
);
CREATE INDEX officer_sessions_expiry ON public.officer_sessions USING btree (expires_at);
COMMENT ON TABLE officer_sessions IS 'Officers who are logged in. [purposes=none]';
COMMENT ON COLUMN officer_sessions.session_hash IS 'SHA-256 of the 256 random bits in the cookie; immutable. [pd=none]';
COMMENT ON COLUMN officer_sessions.officer_id IS 'Who is logged in; immutable. [pd=none]';
COMMENT ON COLUMN officer_sessions.logged_in_at IS 'When they proved who they are; approving asks for a recent time; immutable. [pd=none]';
COMMENT ON COLUMN officer_sessions.expires_at IS 'From when the cookie is refused; immutable. [pd=none]';

CREATE TABLE officers (
    officer_id uuid NOT NULL,
    login text NOT NULL,
    token_id text NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamp with time zone,
    CONSTRAINT officers_pkey PRIMARY KEY (officer_id),
    CONSTRAINT officers_login_key UNIQUE (login),
    CONSTRAINT officers_token_id_key UNIQUE (token_id)
);
COMMENT ON TABLE officers IS 'Privacy officers: people of the controller, not subjects. [purposes=none]';
COMMENT ON COLUMN officers.officer_id IS 'Who acted, in the rights tables; immutable. [pd=none]';
COMMENT ON COLUMN officers.login IS 'The name the officer signs in with; staff data of the controller, never in a package. [pd=none]';
COMMENT ON COLUMN officers.token_id IS 'The public half of the officer''s token. [pd=none]';
COMMENT ON COLUMN officers.token_hash IS 'SHA-256 of the 256 random bits of the secret half. [pd=none]';
COMMENT ON COLUMN officers.created_at IS 'When the officer was added; immutable. [pd=none]';
COMMENT ON COLUMN officers.revoked_at IS 'From when the officer is refused. [pd=none]';

CREATE TABLE outbox (
    subject_id uuid NOT NULL,
    message_id uuid NOT NULL,
    recipient text NOT NULL,
    kind text NOT NULL,
    content jsonb NOT NULL,
    enqueued_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    request_id uuid,
    pseudonym text,
    due_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 0,
    failure text,
    delivered_at timestamp with time zone,
    dead_at timestamp with time zone,
    acknowledged_at timestamp with time zone,
    answer text,
    CONSTRAINT outbox_answer_check CHECK ((answer = ANY (ARRAY['done'::text, 'nothing_held'::text, 'refused'::text]))),
    CONSTRAINT outbox_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT outbox_pkey PRIMARY KEY (subject_id, message_id)
);
CREATE INDEX outbox_delivered ON public.outbox USING btree (delivered_at) WHERE (delivered_at IS NOT NULL);
CREATE INDEX outbox_message_id ON public.outbox USING btree (message_id);
CREATE INDEX outbox_request_id ON public.outbox USING btree (request_id) WHERE (request_id IS NOT NULL);
CREATE INDEX outbox_waiting ON public.outbox USING btree (recipient, due_at) WHERE ((delivered_at IS NULL) AND (dead_at IS NULL));
COMMENT ON TABLE outbox IS 'What recipients are told, written with the change that it tells of, and what became of it. [purposes=none]';
COMMENT ON COLUMN outbox.subject_id IS 'Of whom; the recipient gets a pseudonym instead; of an erasure the request, since the subject is gone. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN outbox.message_id IS 'Names the message; time-ordered; immutable. [pd=none]';
COMMENT ON COLUMN outbox.recipient IS 'Who is told: a recipient of the bundle; immutable. [pd=consent; erase=delete]';
COMMENT ON COLUMN outbox.kind IS 'What kind of message: consent, objection, restriction, restriction_lifted, rectification, erasure; immutable. [pd=consent; erase=delete]';
COMMENT ON COLUMN outbox.content IS 'What is told, of a consent: purpose, status, entry, times; never an identifier; immutable. [pd=consent; erase=delete]';
COMMENT ON COLUMN outbox.enqueued_at IS 'When it was written; immutable. [pd=consent; erase=delete]';
COMMENT ON COLUMN outbox.request_id IS 'The rights request that it tells of; immutable. [pd=none]';
COMMENT ON COLUMN outbox.pseudonym IS 'By which name the recipient knows an erased subject; emptied when it has answered. [pd=pseudonym; erase=delete]';
COMMENT ON COLUMN outbox.due_at IS 'When it is tried next; while it is being tried, when that counts as failed. [pd=none]';
COMMENT ON COLUMN outbox.attempts IS 'How often it was tried in vain. [pd=none]';
COMMENT ON COLUMN outbox.failure IS 'Why the last attempt was in vain: a word of a closed list, or the status of the answer. [pd=none]';
COMMENT ON COLUMN outbox.delivered_at IS 'When the recipient took it. [pd=consent; erase=delete]';
COMMENT ON COLUMN outbox.dead_at IS 'When it was given up; an officer may have it tried again. [pd=none]';
COMMENT ON COLUMN outbox.acknowledged_at IS 'When the recipient said what it did. [pd=consent; erase=delete]';
COMMENT ON COLUMN outbox.answer IS 'What it did: done, nothing_held, refused. [pd=consent; erase=delete]';

CREATE TABLE package_links (
    request_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT package_links_pkey PRIMARY KEY (request_id),
    CONSTRAINT package_links_token_hash_key UNIQUE (token_hash)
);
COMMENT ON TABLE package_links IS 'One row a request whose package may be fetched with a link, until that was done once; a new link takes the place of the one before. [purposes=none]';
COMMENT ON COLUMN package_links.request_id IS 'The request; immutable. [pd=none]';
COMMENT ON COLUMN package_links.token_hash IS 'HMAC of the random token in the link. [pd=none]';
COMMENT ON COLUMN package_links.expires_at IS 'From when on the link is refused. [pd=none]';

CREATE TABLE restrictions (
    subject_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    since timestamp with time zone NOT NULL,
    CONSTRAINT restrictions_pkey PRIMARY KEY (subject_id)
);
COMMENT ON TABLE restrictions IS 'Whose data may be kept and not used; a row goes when the restriction is lifted, its entries stay. [purposes=none]';
COMMENT ON COLUMN restrictions.subject_id IS 'Whose data it is. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN restrictions.entry_id IS 'The ledger entry that says so. [pd=consent; erase=delete]';
COMMENT ON COLUMN restrictions.since IS 'Since when. [pd=consent; erase=delete]';

CREATE TABLE retention_marks (
    name text NOT NULL,
    purpose text NOT NULL,
    before timestamp with time zone NOT NULL,
    CONSTRAINT retention_marks_pkey PRIMARY KEY (name, purpose)
);
COMMENT ON TABLE retention_marks IS 'How far retention has looked; what is older has been judged. [purposes=none]';
COMMENT ON COLUMN retention_marks.name IS 'The table whose rows were looked at; immutable. [pd=none]';
COMMENT ON COLUMN retention_marks.purpose IS 'The purpose whose retention had run out for them, empty for none; immutable. [pd=none]';
COMMENT ON COLUMN retention_marks.before IS 'Rows from before this time have been looked at. [pd=none]';

CREATE TABLE rights_approvals (
    request_id uuid NOT NULL,
    officer_id uuid NOT NULL,
    approved_at timestamp with time zone NOT NULL,
    CONSTRAINT rights_approvals_pkey PRIMARY KEY (request_id, officer_id)
);
COMMENT ON TABLE rights_approvals IS 'Which officers approved which request. [purposes=none]';
COMMENT ON COLUMN rights_approvals.request_id IS 'The request; immutable. [pd=none]';
COMMENT ON COLUMN rights_approvals.officer_id IS 'The officer; immutable. [pd=none]';
COMMENT ON COLUMN rights_approvals.approved_at IS 'When; immutable. [pd=none]';

CREATE TABLE rights_codes (
    code_id uuid NOT NULL,
    request_id uuid NOT NULL,
    lookups bytea[] NOT NULL,
    address bytea NOT NULL,
    code_hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    sent integer NOT NULL,
    CONSTRAINT rights_codes_pkey PRIMARY KEY (code_id)
);
CREATE INDEX rights_codes_lookups ON public.rights_codes USING gin (lookups);
CREATE INDEX rights_codes_request ON public.rights_codes USING btree (request_id);
COMMENT ON TABLE rights_codes IS 'Codes sent to identifiers that requests name; a row goes when its request has got further. [purposes=none]';
COMMENT ON COLUMN rights_codes.code_id IS 'Names the code; time-ordered; immutable. [pd=none]';
COMMENT ON COLUMN rights_codes.request_id IS 'Of which request; immutable. [pd=none]';
COMMENT ON COLUMN rights_codes.lookups IS 'Keyed hash of the one identifier that it proves. [pd=contact; lookups; erase=delete]';
COMMENT ON COLUMN rights_codes.address IS 'Where it went; sealed; immutable. [pd=contact; sealed; erase=delete]';
COMMENT ON COLUMN rights_codes.code_hash IS 'HMAC of the code under a key that is not in the database. [pd=none]';
COMMENT ON COLUMN rights_codes.expires_at IS 'From when it is refused. [pd=none]';
COMMENT ON COLUMN rights_codes.attempts IS 'How often a code of this request was tried, right or wrong; never reset. [pd=none]';
COMMENT ON COLUMN rights_codes.sent IS 'How many codes went there for this request. [pd=none]';

CREATE TABLE rights_requests (
    request_id uuid NOT NULL,
    "right" text NOT NULL,
    state text NOT NULL,
    language text NOT NULL,
    lookups bytea[],
    details bytea,
    filed_by text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    verified_by text,
    verification bytea,
    verified_at timestamp with time zone,
    completed_at timestamp with time zone,
    certificate text,
    unverified bytea[],
    purposes text[],
    replacement bytea,
    grounds bytea,
    address bytea,
    extended_at timestamp with time zone,
    extension bytea,
    refusal text,
    refusal_text bytea,
    closed_at timestamp with time zone,
    identifiers bytea,
    lifts_at timestamp with time zone,
    CONSTRAINT rights_requests_right_check CHECK (("right" = ANY (ARRAY['access'::text, 'portability'::text, 'erasure'::text, 'rectification'::text, 'restriction'::text, 'objection'::text]))),
    CONSTRAINT rights_requests_state_check CHECK ((state = ANY (ARRAY['received'::text, 'verifying'::text, 'open'::text, 'running'::text, 'completed'::text, 'completed_with_exceptions'::text, 'refused'::text, 'cancelled'::text, 'abandoned'::text]))),
    CONSTRAINT rights_requests_pkey PRIMARY KEY (request_id)
);
CREATE INDEX rights_requests_closed ON public.rights_requests USING btree (closed_at) WHERE (closed_at IS NOT NULL);
CREATE INDEX rights_requests_lookups ON public.rights_requests USING gin (lookups);
CREATE INDEX rights_requests_unfinished ON public.rights_requests USING btree (request_id) WHERE (closed_at IS NULL);
CREATE INDEX rights_requests_unverified ON public.rights_requests USING gin (unverified);
CREATE INDEX rights_requests_urgent ON public.rights_requests USING btree (((closed_at IS NOT NULL)), due_at, request_id);
COMMENT ON TABLE rights_requests IS 'One row a request; emptied of what leads to the person when an erasure closes it. [purposes=none]';
COMMENT ON COLUMN rights_requests.request_id IS 'Names the request; immutable. [pd=none]';
COMMENT ON COLUMN rights_requests."right" IS 'Which right; kept as proof that it was served; immutable. [pd=request; erase=keep]';
COMMENT ON COLUMN rights_requests.state IS 'received, verifying, open, running, completed, completed_with_exceptions, refused, cancelled, abandoned; kept as proof. [pd=request; erase=keep]';
COMMENT ON COLUMN rights_requests.language IS 'The language the person asked in; immutable. [pd=none]';
COMMENT ON COLUMN rights_requests.lookups IS 'Keyed hashes of the identifiers whose holder has been verified: whom the request is about. [pd=contact; lookups; erase=empty]';
COMMENT ON COLUMN rights_requests.details IS 'What the person wrote; sealed. [pd=request; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.filed_by IS 'The key or officer that filed it; who filed may not approve; immutable. [pd=none]';
COMMENT ON COLUMN rights_requests.received_at IS 'When the clock of Art. 12(3) started; kept as proof; immutable. [pd=request; erase=keep]';
COMMENT ON COLUMN rights_requests.due_at IS 'When the answer is due; kept as proof. [pd=request; erase=keep]';
COMMENT ON COLUMN rights_requests.verified_by IS 'The key or officer that vouched for the identity. [pd=none]';
COMMENT ON COLUMN rights_requests.verification IS 'How it was vouched for, method and note; sealed. [pd=request; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.verified_at IS 'When. [pd=none]';
COMMENT ON COLUMN rights_requests.completed_at IS 'When the person''s right was served; kept as proof. [pd=request; erase=keep]';
COMMENT ON COLUMN rights_requests.certificate IS 'The signed certificate of an erasure; names no person. [pd=none]';
COMMENT ON COLUMN rights_requests.unverified IS 'Keyed hashes of identifiers that it names too, whose holder has not been verified: nothing is done about them. [pd=contact; other; erase=empty]';
COMMENT ON COLUMN rights_requests.purposes IS 'The purposes that are objected to. [pd=request; erase=empty]';
COMMENT ON COLUMN rights_requests.replacement IS 'What is right instead of what is wrong; sealed. [pd=request; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.grounds IS 'On which grounds it is asked for (Art. 18(1), 21(1)); sealed. [pd=request; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.address IS 'Where the outcome is told; sealed; outlives the erasure that it tells of until that was delivered. [pd=contact; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.extended_at IS 'When the time for the answer was extended; null if it was not; kept as proof. [pd=request; erase=keep]';
COMMENT ON COLUMN rights_requests.extension IS 'Why it was extended; sealed. [pd=request; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.refusal IS 'For which reason of the closed list it was refused; kept as proof. [pd=request; erase=keep]';
COMMENT ON COLUMN rights_requests.refusal_text IS 'That reason in words for the person; sealed. [pd=request; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.closed_at IS 'When nothing more was to be done for it; null while it holds up deletions. [pd=none]';
COMMENT ON COLUMN rights_requests.identifiers IS 'The identifiers as they were written, where a no of theirs has to be remembered even if nobody is known by them; sealed; gone when it is closed. [pd=contact; sealed; erase=empty]';
COMMENT ON COLUMN rights_requests.lifts_at IS 'Before when a restriction is not lifted, the person having been told that it will be; null until then. [pd=none]';

CREATE TABLE rights_tasks (
    request_id uuid NOT NULL,
    step text NOT NULL,
    done_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    outcome jsonb NOT NULL,
    notes bytea,
    CONSTRAINT rights_tasks_step_check CHECK ((step = ANY (ARRAY['approve'::text, 'journal'::text, 'erase'::text, 'notify'::text, 'scan'::text, 'shred'::text, 'certify'::text, 'inform'::text]))),
    CONSTRAINT rights_tasks_pkey PRIMARY KEY (step, request_id)
);
CREATE INDEX rights_tasks_request ON public.rights_tasks USING btree (request_id);
COMMENT ON TABLE rights_tasks IS 'One row a step of an erasure that was done. [purposes=none]';
COMMENT ON COLUMN rights_tasks.request_id IS 'Of which request; immutable. [pd=none]';
COMMENT ON COLUMN rights_tasks.step IS 'Which of the eight steps; immutable. [pd=none]';
COMMENT ON COLUMN rights_tasks.done_at IS 'When; immutable. [pd=none]';
COMMENT ON COLUMN rights_tasks.outcome IS 'What the certificate will say of it: counts, times and names of tables and recipients; immutable. [pd=none]';
COMMENT ON COLUMN rights_tasks.notes IS 'Whom it is about, for the steps to come; sealed, and null once the certificate is issued. [pd=none; sealed]';

CREATE TABLE subjects (
    subject_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    state text NOT NULL DEFAULT 'active'::text,
    revision bigint NOT NULL DEFAULT 0,
    shredded_at timestamp with time zone,
    CONSTRAINT subjects_state_check CHECK ((state = ANY (ARRAY['active'::text, 'erased'::text]))),
    CONSTRAINT subjects_pkey PRIMARY KEY (subject_id)
);
CREATE INDEX subjects_to_shred ON public.subjects USING btree (subject_id) WHERE ((state = 'erased'::text) AND (shredded_at IS NULL));
COMMENT ON TABLE subjects IS 'One row a person; a tombstone remains after erasure. [purposes=none]';
COMMENT ON COLUMN subjects.subject_id IS 'A random id (UUIDv7), never an identifier; kept as tombstone; immutable. [pd=pseudonym; subject; erase=keep]';
COMMENT ON COLUMN subjects.created_at IS 'When the person was first recorded; kept with the tombstone; immutable. [pd=technical; erase=keep]';
COMMENT ON COLUMN subjects.state IS 'active, or erased: the tombstone itself. [pd=technical; erase=keep]';
COMMENT ON COLUMN subjects.revision IS 'Grows with every consent change and erasure, so that a decision in flight notices. [pd=technical; erase=keep]';
COMMENT ON COLUMN subjects.shredded_at IS 'When the keys of the erased were deleted from the keyring; null before. [pd=none]';

CREATE TABLE suppressions (
    suppressed bytea NOT NULL,
    erased_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT suppressions_pkey PRIMARY KEY (suppressed)
);
CREATE INDEX suppressions_expiry ON public.suppressions USING btree (expires_at);
COMMENT ON TABLE suppressions IS 'Which identifiers were of somebody who has been erased, so that no import brings them back. [purposes=none]';
COMMENT ON COLUMN suppressions.suppressed IS 'The version of the key of claims, and a keyed hash of kind and normalised identifier under it; no lookup; immutable. [pd=contact; erase=keep]';
COMMENT ON COLUMN suppressions.erased_at IS 'When they were erased; of several times the last. [pd=technical; erase=keep]';
COMMENT ON COLUMN suppressions.expires_at IS 'When it is forgotten. [pd=technical; erase=keep]';

CREATE TABLE touchpoint_counts (
    day date NOT NULL,
    event text NOT NULL,
    channel text NOT NULL,
    n bigint NOT NULL,
    CONSTRAINT touchpoint_counts_pkey PRIMARY KEY (day, event, channel)
);
COMMENT ON TABLE touchpoint_counts IS 'One row a day, event and channel. [purposes=none]';
COMMENT ON COLUMN touchpoint_counts.day IS 'The day on which they occurred, in UTC; immutable. [pd=none]';
COMMENT ON COLUMN touchpoint_counts.event IS 'What happened: an event that a journey of the bundle names; immutable. [pd=none]';
COMMENT ON COLUMN touchpoint_counts.channel IS 'Where: a channel of the bundle; immutable. [pd=none]';
COMMENT ON COLUMN touchpoint_counts.n IS 'How many, of whomever. [pd=none]';

CREATE TABLE touchpoints (
    subject_id uuid NOT NULL,
    touchpoint_id uuid NOT NULL,
    event text NOT NULL,
    channel text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    purposes text[] NOT NULL,
    sentiment smallint,
    properties bytea,
    CONSTRAINT touchpoints_sentiment_check CHECK (((sentiment >= '-2'::integer) AND (sentiment <= 2))),
    CONSTRAINT touchpoints_pkey PRIMARY KEY (subject_id, touchpoint_id)
);
CREATE INDEX touchpoints_age ON public.touchpoints USING btree (recorded_at);
COMMENT ON TABLE touchpoints IS 'One row a contact. [purposes=purposes; since=recorded_at; needs=one]';
COMMENT ON COLUMN touchpoints.subject_id IS 'Whose contact. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN touchpoints.touchpoint_id IS 'Derived by HMAC from the id that the sender gave, else random; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN touchpoints.event IS 'What happened: a name of letters, digits, dot, dash; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN touchpoints.channel IS 'Where it happened: a channel of the bundle; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN touchpoints.occurred_at IS 'When it happened, as the sender says; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN touchpoints.recorded_at IS 'When we learnt it, by the database''s clock; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN touchpoints.purposes IS 'The purposes allowed when it was recorded, for which alone it is kept; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN touchpoints.sentiment IS 'How it felt, -2 to 2; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN touchpoints.properties IS 'What else the sender said; sealed under the person''s own key; immutable. [pd=behaviour; sealed; own; erase=delete]';

CREATE OR REPLACE FUNCTION public.journey_walk(at double precision[], what integer[], worth double precision[], stages integer, hysteresis double precision, began double precision, over double precision, frictions integer[], kinds text[], within_stage integer[], times integer[], seconds double precision[], trouble_of bigint[], OUT stage integer, OUT faded boolean, OUT path integer[], OUT moves integer[], OUT took integer[], OUT troubles integer[])
 RETURNS record
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.kept(lookups bytea[])
 RETURNS bytea[]
 LANGUAGE plpgsql
 STABLE
AS $function$
BEGIN
    IF (SELECT int2send(reads) FROM key_stages WHERE use = 'lookup') > ANY(lookups) THEN
        RAISE EXCEPTION 'made under a retired key' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN lookups;
END $function$;

CREATE OR REPLACE FUNCTION public.sought(lookups bytea[])
 RETURNS bytea[]
 LANGUAGE plpgsql
 STABLE
AS $function$
BEGIN
    IF (SELECT int2send(oldest) FROM key_stages WHERE use = 'lookup') > ANY(lookups) THEN
        RAISE EXCEPTION 'made under a retired key' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN lookups;
END $function$;
