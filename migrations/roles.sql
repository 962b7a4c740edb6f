-- Who may do what in the database: run it as the owner of the tables, after every `placet migrate` (docs/hardening.md).
--
--   psql "$OWNER_URL" --set ON_ERROR_STOP=1 --file migrations/roles.sql
--
-- It may be run again at any time. The roles are made without a way to log in; give each a password of its own.
-- What a line does not grant is refused: the ledger is only ever added to, and no role but that of erasures empties it.

DO $$
DECLARE
    role text;
    line record;
BEGIN
    FOREACH role IN ARRAY ARRAY['placet_serving', 'placet_worker', 'placet_erasure'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
        END IF;
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', role);
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', role);
    END LOOP;
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;

    FOR line IN SELECT * FROM (VALUES
        -- `placet serve`: answers requests.
        ('activations',        'placet_serving', 'SELECT, INSERT'),
        ('api_keys',           'placet_serving', 'SELECT'),
        ('arm_tables',         'placet_serving', 'SELECT'),
        ('arms',               'placet_serving', 'SELECT, INSERT, UPDATE (shown, succeeded, revision)'),
        ('bundles',            'placet_serving', 'SELECT, INSERT'),
        ('cap_counters',       'placet_serving', 'SELECT, INSERT, UPDATE, DELETE'),
        ('consent_proofs',     'placet_serving', 'SELECT, UPDATE (asked_by, asked_at)'),
        ('consent_state',      'placet_serving', 'SELECT, INSERT, UPDATE, DELETE'),
        ('decisions',          'placet_serving', 'SELECT, INSERT, UPDATE (inputs, stage, emptied_at), DELETE'),
        ('deletions',          'placet_serving', 'SELECT, INSERT, DELETE'),
        ('farewells',          'placet_serving', 'SELECT'),
        ('holds',              'placet_serving', 'SELECT, INSERT, UPDATE, DELETE'),
        ('idempotency',        'placet_serving', 'SELECT, INSERT, UPDATE (answer, subject_id)'),
        ('interactions',       'placet_serving', 'SELECT, INSERT, UPDATE (shown, succeeded), DELETE'),
        ('key_fingerprints',   'placet_serving', 'SELECT, INSERT'),
        ('key_stages',         'placet_serving', 'SELECT, INSERT'),
        ('ledger_entries',     'placet_serving', 'SELECT, INSERT'),
        ('ledger_queue',       'placet_serving', 'SELECT, INSERT'),
        ('ledger_leaves',      'placet_serving', 'SELECT'),
        ('ledger_nodes',       'placet_serving', 'SELECT'),
        ('ledger_checkpoints', 'placet_serving', 'SELECT'),
        ('letters',            'placet_serving', 'SELECT, INSERT'),
        ('lookups',            'placet_serving', 'SELECT, INSERT, UPDATE (linked_to), DELETE'),
        ('migrations',         'placet_serving', 'SELECT'),
        ('notice_texts',       'placet_serving', 'SELECT, INSERT'),
        ('objections',         'placet_serving', 'SELECT, INSERT, UPDATE, DELETE'),
        ('officers',           'placet_serving', 'SELECT'),
        ('officer_sessions',   'placet_serving', 'SELECT, INSERT, DELETE'),
        ('outbox',             'placet_serving',
            'SELECT, INSERT, UPDATE (pseudonym, due_at, attempts, delivered_at, dead_at, acknowledged_at, answer)'),
        ('package_links',      'placet_serving', 'SELECT, INSERT, UPDATE (token_hash, expires_at)'),
        ('restrictions',       'placet_serving', 'SELECT, INSERT, UPDATE, DELETE'),
        ('rights_codes',       'placet_serving', 'SELECT, INSERT, UPDATE (code_hash, expires_at, attempts, sent)'),
        ('rights_approvals',   'placet_serving', 'SELECT, INSERT'),
        ('rights_requests',    'placet_serving',
            'SELECT, INSERT, UPDATE (state, lookups, unverified, verified_by, verified_at, verification, due_at, extended_at, '
            'extension, refusal, refusal_text, purposes, details, replacement, grounds, identifiers, address, lifts_at, '
            'completed_at, closed_at)'),
        ('rights_tasks',       'placet_serving', 'SELECT'),
        ('suppressions',       'placet_serving', 'SELECT'),
        ('subjects',           'placet_serving', 'SELECT, INSERT, UPDATE (revision, shredded_at)'),
        ('touchpoint_counts',  'placet_serving', 'SELECT, INSERT, UPDATE (n)'),
        ('touchpoints',        'placet_serving', 'SELECT, INSERT, DELETE'),
        -- `placet work`: deletes what has ended, and lets the tree grow. Locking a row asks for the right to change it.
        ('activations',        'placet_worker', 'SELECT'),
        ('arm_tables',         'placet_worker', 'SELECT, INSERT, DELETE'),
        ('arms',               'placet_worker', 'SELECT, INSERT, UPDATE (shown, succeeded, revision)'),
        ('cap_counters',       'placet_worker', 'SELECT, DELETE'),
        ('bundles',            'placet_worker', 'SELECT'),
        ('consent_proofs',     'placet_worker', 'SELECT, DELETE'),
        ('consent_state',      'placet_worker', 'SELECT'),
        ('decisions',          'placet_worker', 'SELECT, UPDATE (inputs, stage, emptied_at), DELETE'),
        ('deletions',          'placet_worker', 'SELECT, INSERT, DELETE'),
        ('farewells',          'placet_worker', 'SELECT, INSERT, DELETE'),
        ('holds',              'placet_worker', 'SELECT'),
        ('idempotency',        'placet_worker', 'SELECT, UPDATE (answer), DELETE'),
        ('interactions',       'placet_worker', 'SELECT, UPDATE (shown, succeeded), DELETE'),
        ('key_fingerprints',   'placet_worker', 'SELECT, INSERT'),
        ('key_stages',         'placet_worker', 'SELECT, INSERT'),
        ('ledger_entries',     'placet_worker', 'SELECT, INSERT'),
        ('ledger_queue',       'placet_worker', 'SELECT, INSERT, DELETE'),
        ('ledger_leaves',      'placet_worker', 'SELECT, INSERT'),
        ('ledger_nodes',       'placet_worker', 'SELECT, INSERT'),
        ('ledger_checkpoints', 'placet_worker', 'SELECT, INSERT'),
        ('letters',            'placet_worker', 'SELECT, INSERT, UPDATE (attempts, next_at), DELETE'),
        ('lookups',            'placet_worker', 'SELECT'),
        ('objections',         'placet_worker', 'SELECT'),
        ('outbox',             'placet_worker',
            'SELECT, UPDATE (due_at, attempts, failure, delivered_at, dead_at), DELETE'),
        ('officer_sessions',   'placet_worker', 'SELECT, DELETE'),
        ('restrictions',       'placet_worker', 'SELECT'),
        ('package_links',      'placet_worker', 'SELECT, DELETE'),
        ('retention_marks',    'placet_worker', 'SELECT, INSERT, UPDATE'),
        ('rights_approvals',   'placet_worker', 'SELECT, DELETE'),
        ('rights_codes',       'placet_worker', 'SELECT, DELETE'),
        ('rights_requests',    'placet_worker',
            'SELECT, UPDATE (state, lookups, unverified, purposes, details, verification, replacement, grounds, identifiers, '
            'address, extension, refusal_text, completed_at, closed_at), DELETE'),
        ('rights_tasks',       'placet_worker', 'SELECT, DELETE'),
        ('suppressions',       'placet_worker', 'SELECT, DELETE'),
        ('subjects',           'placet_worker', 'SELECT, UPDATE (shredded_at)'),
        ('touchpoints',        'placet_worker', 'SELECT, DELETE'),
        -- Erasures, on connections of their own (PLACET_ERASURE_URL): the one role that empties entries.
        ('api_keys',           'placet_erasure', 'SELECT (recipient, revoked_at)'),
        ('arms',               'placet_erasure', 'SELECT, INSERT, UPDATE (shown, succeeded, revision)'),
        ('cap_counters',       'placet_erasure', 'SELECT, DELETE'),
        ('consent_proofs',     'placet_erasure', 'SELECT, INSERT'),
        ('consent_state',      'placet_erasure', 'SELECT, DELETE'),
        ('decisions',          'placet_erasure', 'SELECT, DELETE'),
        ('deletions',          'placet_erasure', 'SELECT, DELETE'),
        ('farewells',          'placet_erasure', 'SELECT, INSERT'),
        ('holds',              'placet_erasure', 'SELECT, DELETE'),
        ('idempotency',        'placet_erasure', 'SELECT, UPDATE (answer, subject_id)'),
        ('interactions',       'placet_erasure', 'SELECT, UPDATE (shown, succeeded), DELETE'),
        ('key_stages',         'placet_erasure', 'SELECT'),
        ('ledger_entries',     'placet_erasure', 'SELECT, INSERT, UPDATE (payload, evidence, salt)'),
        ('ledger_queue',       'placet_erasure', 'INSERT'),
        ('letters',            'placet_erasure', 'INSERT'),
        ('lookups',            'placet_erasure', 'SELECT, UPDATE (linked_to), DELETE'),
        ('objections',         'placet_erasure', 'SELECT, DELETE'),
        ('outbox',             'placet_erasure', 'SELECT, INSERT, DELETE'),
        ('restrictions',       'placet_erasure', 'SELECT, DELETE'),
        ('rights_codes',       'placet_erasure', 'SELECT, DELETE'),
        ('rights_approvals',   'placet_erasure', 'SELECT'),
        ('rights_requests',    'placet_erasure',
            'SELECT, UPDATE (state, lookups, unverified, purposes, details, verification, replacement, grounds, identifiers, '
            'address, extension, refusal_text, completed_at, closed_at, certificate)'),
        ('rights_tasks',       'placet_erasure', 'SELECT, INSERT, UPDATE (outcome, notes)'),
        ('suppressions',       'placet_erasure', 'SELECT, INSERT, UPDATE (erased_at, expires_at)'),
        ('subjects',           'placet_erasure', 'SELECT, UPDATE (state, revision)'),
        ('touchpoints',        'placet_erasure', 'SELECT, DELETE')
    ) AS granted (name, role, rights) LOOP
        EXECUTE format('GRANT %s ON %I TO %I', line.rights, line.name, line.role);
    END LOOP;
    -- What is left of the erased is looked for everywhere.
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO placet_erasure;
END
$$;
