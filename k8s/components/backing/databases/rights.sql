-- Set the roles that may connect to a service's database, and the limits of their sessions. Run as a superuser in that database
-- (its name is the service's); running it again changes nothing.
DO $$
DECLARE
    service text := current_database();
    runtime text := service || '_app';
    login text;
    parameter record;
BEGIN
    EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', service);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I, %I, pooler', service, runtime, service || '_relay');
    -- Set for every login, because a role inherits rights but not settings. Processes that connect directly set the same values
    -- at the start of a connection; PgBouncer would refuse that (see chassis.persistence.database.SESSION).
    FOR login IN
        SELECT rolname FROM pg_roles
        WHERE rolname = runtime
            OR oid IN (SELECT member FROM pg_auth_members WHERE roleid = (SELECT oid FROM pg_roles WHERE rolname = runtime))
    LOOP
        FOR parameter IN
            SELECT * FROM (VALUES
                ('statement_timeout', '10s'),
                ('lock_timeout', '5s'),
                ('idle_in_transaction_session_timeout', '30s'),
                ('client_connection_check_interval', '1s'),
                ('timezone', 'UTC'),
                ('jit', 'off')
            ) AS session (name, value)
        LOOP
            EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %I = %L', login, service, parameter.name, parameter.value);
        END LOOP;
    END LOOP;
END
$$;

-- PgBouncer's auth_query: returns the stored password of a login of this service's runtime role, and of no other role.
CREATE SCHEMA IF NOT EXISTS pooler;
DO $$
BEGIN
    -- Otherwise the database's owner created it, and could replace the function that answers PgBouncer.
    IF NOT (SELECT rolsuper FROM pg_namespace JOIN pg_roles ON pg_roles.oid = nspowner WHERE nspname = 'pooler') THEN
        RAISE EXCEPTION 'the schema pooler of % belongs to another role than a superuser: drop it', current_database();
    END IF;
END
$$;
CREATE OR REPLACE FUNCTION pooler.password_of(login text) RETURNS TABLE (name text, stored text)
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT rolname::text, rolpassword FROM pg_authid
    WHERE rolname = login AND rolcanlogin AND NOT rolsuper
        AND pg_has_role(oid, current_database() || '_app', 'MEMBER')
        AND (rolvaliduntil IS NULL OR rolvaliduntil > now())
$$;
REVOKE ALL ON FUNCTION pooler.password_of (text) FROM PUBLIC;
GRANT USAGE ON SCHEMA pooler TO pooler;
GRANT EXECUTE ON FUNCTION pooler.password_of (text) TO pooler;
