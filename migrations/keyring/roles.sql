-- Who may do what in the keyring's database: run it as the owner of its tables, after every `placet migrate`.
--
--   psql "$KEYRING_OWNER_URL" --set ON_ERROR_STOP=1 --file migrations/keyring/roles.sql
--
-- It may be run again at any time, and is made like migrations/roles.sql (docs/hardening.md). No role here changes a key:
-- that is for `placet keys rotate`, which runs as the owner.

DO $$
DECLARE
    role text;
    line record;
BEGIN
    FOREACH role IN ARRAY ARRAY['placet_serving', 'placet_worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
        END IF;
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', role);
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', role);
    END LOOP;
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;

    FOR line IN SELECT * FROM (VALUES
        -- `placet serve`: makes keys, reads them, shreds them. Locking an epoch asks for the right to change it.
        ('epochs',         'placet_serving', 'SELECT, INSERT, UPDATE (closed_at)'),
        ('migrations',     'placet_serving', 'SELECT'),
        ('recipient_keys', 'placet_serving', 'SELECT, INSERT'),
        ('subject_keys',   'placet_serving', 'SELECT, INSERT, DELETE'),
        -- `placet work`: deletes the keys of the erased and those that nobody got. It reads no data key, and of the other
        -- secrets what it takes to name somebody to a recipient.
        ('epochs',         'placet_worker', 'SELECT, INSERT'),
        ('migrations',     'placet_worker', 'SELECT'),
        ('recipient_keys', 'placet_worker', 'SELECT, INSERT'),
        ('subject_keys',   'placet_worker', 'SELECT (subject_id, created_at, epoch, pseudonym_secret), DELETE'),
        ('sweeps',         'placet_worker', 'SELECT, UPDATE')
    ) AS granted (name, role, rights) LOOP
        EXECUTE format('GRANT %s ON %I TO %I', line.rights, line.name, line.role);
    END LOOP;
END
$$;
