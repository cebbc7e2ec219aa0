-- The roles of one service, and the pooler's. Run as a superuser in any database, before the service's database is made;
-- running it again changes nothing but the passwords that are given. Parameters (custom settings of the session):
--   elcorp.service          the service
--   elcorp.owner_password   of <service>_owner, which owns the schema: migrations only
--   elcorp.login            a login of the runtime role; without it <service>_app, which is the runtime role itself
--   elcorp.login_password   its password
--   elcorp.pooler_password  of pooler, the login by which PgBouncer looks up the other passwords
DO $$
DECLARE
    service text := current_setting('elcorp.service');
    runtime text := service || '_app';
    login text := coalesce(nullif(current_setting('elcorp.login', true), ''), runtime);
    name text;
    given record;
BEGIN
    FOREACH name IN ARRAY ARRAY[service || '_owner', runtime, login, 'pooler'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I', name);
        END IF;
    END LOOP;
    IF login <> runtime THEN
        EXECUTE format('GRANT %I TO %I', runtime, login);
    END IF;
    FOR given IN
        SELECT role, nullif(current_setting(setting, true), '') AS password
        FROM (VALUES
            (service || '_owner', 'elcorp.owner_password'),
            (login, 'elcorp.login_password'),
            ('pooler', 'elcorp.pooler_password')
        ) AS of_role (role, setting)
    LOOP
        IF given.password IS NOT NULL THEN
            EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', given.role, given.password);
        END IF;
    END LOOP;
END
$$;
