"""Schema migrations: Alembic, run as the owner role, in expand and contract steps.

A service's `migrations/versions/` contains its revisions; this module is their shared environment. The previous release must
work with every migration: add, back-fill, and only later remove.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, NullPool, create_engine, text

from chassis.persistence import schema_version
from chassis.persistence.connections import TRANSPORT
from chassis.persistence.database import sqlalchemy_url
from chassis.persistence.scope import PARAMETER, PLATFORM

# `alembic.op`: a module that delegates to the current Operations.
Op = Any

at_head = schema_version.at_head

LOCK_TIMEOUT = "5s"
# One migration at a time per database, even with a restarted Job or two pods.
_ADVISORY_LOCK = 0x656C636F


_STEPS = """
-- Idempotent requests that have committed one of several transactions. The last one stores the response in `idempotency_keys`
-- and deletes the row.
CREATE TABLE idempotency_steps (
    owner text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    step integer NOT NULL CONSTRAINT idempotency_steps_from_one CHECK (step > 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (owner, key)
);
CREATE INDEX idempotency_steps_created_at ON idempotency_steps (created_at);
"""


def upgrade(owner_url: str, versions: Path, *, say: Callable[[str], None] = print) -> None:
    """Upgrade the schema to head as the owner role; running it again changes nothing.

    A newer schema than this release's is left unchanged, and `at_head` accepts it: a rollback to an earlier release also runs
    that release's migration.

    `owner_url` is a libpq URL of the role that owns the schema. The migrations grant rights to the runtime role, which has the
    same name with `_app` instead of `_owner`.
    """
    # No pool, so that the connection is closed with its block, whatever a migration raises.
    engine = create_engine(sqlalchemy_url(owner_url), poolclass=NullPool, connect_args=TRANSPORT)
    script = _script(versions)
    with engine.connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})"))
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.commit()
        before = MigrationContext.configure(connection).get_current_heads()
        connection.commit()
        head = script.get_current_head()
        if before and max(before) > head:
            say(f"the schema is newer ({max(before)}) than this release ({head}) and is left unchanged")
            return
        with EnvironmentContext(script.config, script, fn=_upgrade_to_head(script)) as environment:
            environment.configure(connection=connection, transaction_per_migration=True)
            with environment.begin_transaction():
                environment.run_migrations()
        connection.commit()
    say(f"schema at {head}" + (" already" if before == (head,) else f", was {', '.join(before) or 'empty'}"))


def _script(versions: Path) -> Any:
    config = Config()
    config.set_main_option("script_location", str(versions.parent))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    script.config = config  # type: ignore[attr-defined]
    return script


def _upgrade_to_head(script: Any) -> Callable[[Any, Any], Any]:
    return lambda revision, _context: script._upgrade_revs("head", revision)  # noqa: SLF001  # as alembic.command does


def platform_tables(op: Op) -> None:
    """Create the tables that every service has: outbox, inbox, idempotency keys, jobs."""
    connection = op.get_bind()
    app_role = runtime_role(connection)
    op.execute(f'GRANT USAGE ON SCHEMA public TO "{app_role}"')
    for rights, kind in (("SELECT, INSERT, UPDATE, DELETE", "TABLES"), ("USAGE, SELECT", "SEQUENCES"), ("EXECUTE", "FUNCTIONS")):
        op.execute(f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rights} ON {kind} TO "{app_role}"')
    op.execute(f'GRANT SELECT ON alembic_version TO "{app_role}"')
    op.execute(_PLATFORM_SQL)
    _raw_script(connection, SchemaManager.get_schema())


def idempotent_steps(op: Op) -> None:
    """Create the table of idempotent requests that take several transactions, for services with `idempotency="steps"`."""
    op.execute(_STEPS)


def append_only(op: Op, table: str) -> None:
    """Make a table append-only: revoke changes from the runtime role, and refuse them to all roles by triggers."""
    app_role = runtime_role(op.get_bind())
    op.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM "{app_role}"')
    op.execute(
        f'CREATE TRIGGER "{table}_append_only" BEFORE UPDATE OR DELETE ON "{table}" FOR EACH ROW EXECUTE FUNCTION refuse_change()'
    )
    op.execute(
        f'CREATE TRIGGER "{table}_no_truncate" BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()'
    )


def scoped(op: Op, table: str) -> None:
    """Make a table an organization's: the runtime role reads and writes only the rows of its transaction's scope (`scope.py`).

    The table has a column `organization_id uuid NOT NULL`. The owner role, which migrates, sees all rows.
    """
    # Sub-selects, so that the parameter is read once for each statement and not for each row.
    scope = f"(SELECT current_setting('{PARAMETER}', true))"
    in_scope = f"{scope} = '{PLATFORM.value}' OR organization_id::text = {scope}"
    op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'CREATE POLICY "{table}_scope" ON "{table}" USING ({in_scope}) WITH CHECK ({in_scope})')


def runtime_role(connection: Connection) -> str:
    """Return the runtime role of the current owner role: payments_owner → payments_app."""
    owner: str = connection.scalar(text("SELECT current_user")) or ""
    if not owner.endswith("_owner"):
        raise ValueError(f"migrations run as the owner role <service>_owner, not as {owner!r}")
    return owner.removesuffix("_owner") + "_app"


def _raw_script(connection: Connection, script: str) -> None:
    # A script of many statements that contains "%" and ":": send it to the driver without parameter parsing.
    driver: Any = connection.connection.dbapi_connection
    with driver.cursor() as cursor:
        cursor.execute(script)


_PLATFORM_SQL = """
CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id uuid NOT NULL,
    type text NOT NULL,
    aggregate_id text,
    payload bytea NOT NULL,
    headers jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000);

CREATE TABLE inbox (
    consumer text NOT NULL,
    message_id uuid NOT NULL,
    handled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, message_id)
);
CREATE INDEX inbox_handled_at ON inbox (handled_at);

CREATE TABLE idempotency_keys (
    owner text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer NOT NULL,
    body bytea NOT NULL,
    headers jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (owner, key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
"""
