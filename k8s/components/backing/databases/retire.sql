-- Retire a login of a service's runtime role once no process uses it any more: the end of a change of password. Run as a superuser
-- in the service's database. Parameter: elcorp.login. The runtime role itself keeps its rights, for the other logins.
DO $$
DECLARE
    runtime text := current_database() || '_app';
    login text := current_setting('elcorp.login');
    sessions bigint;
BEGIN
    SELECT count(*) INTO sessions FROM pg_stat_activity WHERE usename = login;
    IF sessions > 0 THEN
        RAISE EXCEPTION '% still has % sessions: wait until every process uses the other login', login, sessions;
    END IF;
    IF login = runtime THEN
        EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL', login);
    ELSIF pg_has_role(login, runtime, 'MEMBER') AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = login) THEN
        EXECUTE format('DROP ROLE %I', login);
    ELSE
        RAISE EXCEPTION '% is no login of %', login, runtime;
    END IF;
END
$$;
