"""Restores a database to its initial contents, with a function in the database.

Deleting the few rows of a test takes 2 ms; a new database takes 50 to 500 ms.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg import sql

# Above this size, deleting costs more than a new database, and dead rows slow down the next test.
BYTES_MAX = 16 * 1024 * 1024
_ENDING_MS_MAX = 30_000

_DDL_IS_NOTED = """
CREATE TABLE seed.ddl (command text);
CREATE FUNCTION seed.note_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO seed.ddl VALUES (tg_tag);
END
$$;
CREATE EVENT TRIGGER note_ddl ON ddl_command_end EXECUTE FUNCTION seed.note_ddl();
-- Also fires in sessions that have disabled triggers.
ALTER EVENT TRIGGER note_ddl ENABLE ALWAYS;
"""
_FUNCTION = """
CREATE FUNCTION seed.others(kept integer[]) RETURNS SETOF integer LANGUAGE sql AS $$
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL (kept) AND backend_type = 'client backend'
$$;
CREATE FUNCTION seed.restore(kept integer[], OUT is_whole boolean, OUT alive integer[]) LANGUAGE plpgsql AS $$
DECLARE
    waited_ms integer := 0;
BEGIN
    is_whole := false;
    alive := ARRAY(SELECT pid FROM pg_stat_activity WHERE pid = ANY (kept));
    PERFORM pg_terminate_backend(pid) FROM seed.others(kept) AS pid;
    -- Without the timeout of pg_terminate_backend: it checks every 100 ms, but most connections end within 1 ms.
    WHILE EXISTS (SELECT FROM seed.others(kept)) LOOP
        IF waited_ms >= {waited_ms_max} THEN
            RAISE 'connections to % did not end', current_database();
        END IF;
        PERFORM pg_sleep(0.001);
        PERFORM pg_stat_clear_snapshot();
        waited_ms := waited_ms + 1;
    END LOOP;
    IF EXISTS (SELECT FROM seed.ddl) OR {bytes} > {bytes_max} THEN
        RETURN;
    END IF;
    {statements}
    is_whole := true;
END
$$
"""
_TABLES = """
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
ORDER BY oid
"""
_COLUMNS = """
SELECT attname FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""
_SEQUENCES = "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"


def connect(superuser_url: str) -> psycopg.Connection:
    """Connect with triggers and foreign keys disabled, so that append-only rows can be deleted in any order."""
    return psycopg.connect(superuser_url, autocommit=True, options="-c session_replication_role=replica -c lock_timeout=30s")


def prepare(connection: psycopg.Connection) -> None:
    """Save the database's present contents, and create the function that restores them."""
    tables = [name for (name,) in connection.execute(_TABLES)]
    connection.execute("CREATE SCHEMA seed")
    statements = [sql.SQL("DELETE FROM {};").format(_public(table)) for table in tables]
    statements += [_copy_seeds(connection, table) for table in tables if _has_rows(connection, table)]
    statements += [_reset_sequence(connection, sequence) for (sequence,) in connection.execute(_SEQUENCES).fetchall()]
    sizes = [sql.SQL("pg_relation_size({})").format(sql.Literal(f'public."{table}"')) for table in tables]
    connection.execute(
        sql.SQL(_FUNCTION).format(
            bytes=sql.SQL(" + ").join(sizes) if sizes else sql.SQL("0"),
            bytes_max=sql.Literal(BYTES_MAX),
            waited_ms_max=sql.Literal(_ENDING_MS_MAX),
            statements=sql.SQL("\n    ").join(statements),
        )
    )
    # Last, or it would record this function's own DDL.
    connection.execute(_DDL_IS_NOTED)


@dataclass(frozen=True, slots=True)
class Emptied:
    """Whether the database has its initial contents, and which of the kept connections are alive."""

    is_whole: bool
    alive: frozenset[int]


def empty(connection: psycopg.Connection, *, kept: Iterable[int] = ()) -> Emptied:
    """End the test's connections, delete its rows, restore seeds and sequences. Not whole if it ran DDL or left much data.

    `kept` are the process ids of connections that stay open.
    """
    is_whole, alive = connection.execute("SELECT is_whole, alive FROM seed.restore(%s)", (list(kept),)).fetchone() or (False, ())
    return Emptied(is_whole, frozenset(alive))


def _has_rows(connection: psycopg.Connection, table: str) -> bool:
    return connection.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(_public(table))).fetchone() is not None


def _copy_seeds(connection: psycopg.Connection, table: str) -> sql.Composed:
    """Copy the seeds of a table; return the statement that restores them."""
    kept = sql.Identifier("seed", table)
    connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(kept, _public(table)))
    columns = [name for (name,) in connection.execute(_COLUMNS, (f'public."{table}"',))]
    return sql.SQL("INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {kept};").format(
        table=_public(table), columns=sql.SQL(", ").join(sql.Identifier(name) for name in columns), kept=kept
    )


def _reset_sequence(connection: psycopg.Connection, sequence: str) -> sql.Composed:
    name = _public(sequence)
    row = connection.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(name)).fetchone()
    last_value, is_called = row or (1, False)
    return sql.SQL("PERFORM setval({}, {}, {});").format(
        sql.Literal(f'public."{sequence}"'), sql.Literal(last_value), sql.Literal(is_called)
    )


def _public(name: str) -> sql.Identifier:
    return sql.Identifier("public", name)
