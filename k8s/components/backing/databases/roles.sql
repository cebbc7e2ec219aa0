-- Create the roles of one service, and the pooler's role. Run as a superuser in any database, before creating the service's
-- database; running it again only changes the given passwords. Parameters (custom settings of the session):
--   elcorp.service          the service
--   elcorp.owner_password   of <service>_owner, which owns the schema: migrations only
--   elcorp.relay_password   of <service>_relay, which alone deletes outbox rows and numbers the journal of audit facts
--   elcorp.login            a login of the runtime role; by default <service>_app, which is the runtime role itself
--   elcorp.login_password   its password
--   elcorp.pooler_password  of pooler, the login with which PgBouncer looks up the other passwords
DO $$
DECLARE
    service text := current_setting('elcorp.service');
    runtime text := service || '_app';
    login text := coalesce(nullif(current_setting('elcorp.login', true), ''), runtime);
    name text;
    given record;
BEGIN
    -- Any other role, such as another service's login or a superuser, would get the rights and the password of this service.
    IF login !~ format('^%s(_[a-z0-9]+)?$', runtime) OR EXISTS (SELECT FROM pg_roles WHERE rolname = login AND rolsuper) THEN
        RAISE EXCEPTION '% can be no login of %: name it % or %_<suffix>', login, runtime, runtime, runtime;
    END IF;
    FOREACH name IN ARRAY ARRAY[service || '_owner', runtime, service || '_relay', login, 'pooler'] LOOP
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
            (service || '_relay', 'elcorp.relay_password'),
            (login, 'elcorp.login_password'),
            ('pooler', 'elcorp.pooler_password')
        ) AS of_role (role, setting)
    LOOP
        IF given.password IS NOT NULL THEN
            BEGIN
                EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', given.role, given.password);
            EXCEPTION WHEN OTHERS THEN
                -- The original error contains the statement, and therefore the password, for the client and in the server's log.
                RAISE EXCEPTION 'the password of % is not set: %', given.role, SQLERRM USING ERRCODE = SQLSTATE;
            END;
        END IF;
    END LOOP;
END
$$;
