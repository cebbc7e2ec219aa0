-- Remove a login of a service's runtime role once no process uses it any more, as the last step of a password change. Run as a
-- superuser in the service's database. Parameter: elcorp.login. The runtime role itself keeps its rights, for the other logins.
DO $$
DECLARE
    runtime text := current_database() || '_app';
    login text := current_setting('elcorp.login');
    logins text[];
    sessions bigint;
BEGIN
    SELECT array_agg(rolname) INTO logins FROM pg_roles
    WHERE rolname ~ format('^%s(_[a-z0-9]+)?$', runtime) AND rolcanlogin AND NOT rolsuper AND pg_has_role(oid, runtime, 'MEMBER');
    IF login <> ALL (coalesce(logins, '{}')) THEN
        RAISE EXCEPTION '% is no login of %', login, runtime;
    END IF;
    IF cardinality(logins) = 1 THEN
        RAISE EXCEPTION '% is the only login of %: make another one first', login, runtime;
    END IF;
    SELECT count(*) INTO sessions FROM pg_stat_activity WHERE usename = login;
    IF sessions > 0 THEN
        RAISE EXCEPTION '% still has % sessions: wait until every process uses the other login', login, sessions;
    END IF;
    IF login = runtime THEN
        EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL', login);
    ELSE
        EXECUTE format('DROP ROLE %I', login);
    END IF;
END
$$;
