"""A migrated database for each test. Databases are reused: emptied and seeded again in one round trip.

A database is dropped instead if a test ran DDL in it or left much data.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from inspect import getfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import QueuePool, event

from chassis.approvals import schema as of_approvals
from chassis.long_work import schema as of_long_work
from chassis.messaging import outbox_table
from chassis.persistence import migrations, platform_schema
from chassis.persistence.database import Database
from chassis.projections import schema as of_projections
from chassis.testing import emptying

_ROLE_PASSWORD = "test"  # noqa: S105  # of roles on a private test server
_TEMPLATE_LOCK = 0x74706C
# On a busy machine, fifty concurrent requests wait longer for a connection than a service's five seconds.
_POOL_TIMEOUT_SECONDS = 60
# Resets a session's state, except prepared statements, which psycopg continues to use.
_FORGET = b"RESET ALL; RESET SESSION AUTHORIZATION; UNLISTEN *; CLOSE ALL; SELECT pg_advisory_unlock_all()"


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """The URLs of one database, for its owner (migrations), the runtime role and the relay's role."""

    owner: str
    app: str
    relay: str
    name: str


# A change of one of these makes new templates.
_MADE_BY = (migrations, platform_schema, of_approvals, of_long_work, of_projections)
# Fills a new database with rows for every test, in addition to those of the migrations.
Seed = Callable[[DatabaseUrls], Awaitable[None]]
_Kind = tuple[str, Path, Seed | None]


class Databases:
    """Creates databases on one PostgreSQL server; `superuser_url` is a libpq URL.

    `server_is_lasting`: the server continues after this session, so the databases are dropped at its end.
    """

    def __init__(self, superuser_url: str, *, server_is_lasting: bool = True) -> None:
        self.superuser_url = superuser_url
        self._server_is_lasting = server_is_lasting
        self._templates: dict[tuple[str, Path], str] = {}
        self._used: dict[_Kind, list[str]] = defaultdict(list)
        self._made: list[str] = []
        self._engines: dict[tuple[str, int], KeptEngine] = {}
        self._lent: list[KeptEngine] = []
        # Stays open: a new connection costs as much as emptying a database.
        self._emptying: dict[str, psycopg.Connection] = {}

    async def close(self) -> None:
        for engine in self._engines.values():
            await engine.close()
        for connection in self._emptying.values():
            connection.close()
        if self._server_is_lasting and self._made:
            with psycopg.connect(self.superuser_url, autocommit=True) as connection:
                for name in self._made:
                    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @asynccontextmanager
    async def create(self, service: str, versions: Path, *, seed: Seed | None = None) -> AsyncIterator[DatabaseUrls]:
        """Yield a migrated database for the duration of the block; `seed` fills it once, when it is new."""
        used = self._used[service, versions, seed]
        # Emptied now and not when it was returned: by now nothing of the earlier test runs any more.
        while used and not await self._empty(used[-1]):
            used.pop()
        name = used.pop() if used else await self._make(service, versions, seed)
        try:
            yield self._urls(service, name)
        finally:
            used.append(name)

    @asynccontextmanager
    async def connect(self, url: str, *, pool_size: int) -> AsyncIterator[Database]:
        """Yield an engine of a database, reused with its connections: a new one costs 6 ms, and 10 ms more for its lookups."""
        engine = self._engines.pop((url, pool_size), None) or KeptEngine(url, pool_size)
        self._lent.append(engine)
        try:
            yield engine.database
        finally:
            self._lent.remove(engine)
            await self._take_back(engine, (url, pool_size))

    async def _take_back(self, engine: "KeptEngine", key: tuple[str, int]) -> None:
        is_whole = False
        try:
            is_whole = await engine.take_back()
        finally:
            if is_whole:
                self._engines[key] = engine
            else:
                await engine.close()

    async def _make(self, service: str, versions: Path, seed: Seed | None) -> str:
        if (service, versions) not in self._templates:
            self._templates[service, versions] = await asyncio.to_thread(self._template, service, versions)
        name = f"test_{service}_{uuid4().hex[:12]}"
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY").format(
                    sql.Identifier(name), sql.Identifier(self._templates[service, versions]), sql.Identifier(_owner(service))
                )
            )
        self._made.append(name)
        if seed:
            await seed(self._urls(service, name))
        with psycopg.connect(self._url(name), autocommit=True) as connection:
            emptying.prepare(connection)
        return name

    async def disconnect(self, urls: DatabaseUrls) -> None:
        """End every connection to a database, as a restart of its server does; the tests' own engines connect again."""
        for engine in self._lent:
            if engine.database_name == urls.name:
                await engine.database.engine.dispose()
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", (urls.name,))

    async def _empty(self, name: str) -> bool:
        """Restore a database to its seeds; return False if it cannot be reused."""
        connection = self._emptying.pop(name, None)
        engines = {key: engine for key, engine in self._engines.items() if engine.database_name == name}
        kept = [pid for engine in engines.values() for pid in engine.pids()]
        try:
            connection = connection or emptying.connect(self._url(name))
            emptied = emptying.empty(connection, kept=kept)
        except psycopg.OperationalError:
            # The test ended every connection to its database, including ours.
            connection = emptying.connect(self._url(name))
            emptied = emptying.empty(connection, kept=kept)
        for key, engine in engines.items():
            if not (emptied.is_whole and emptied.alive.issuperset(engine.pids())):
                await self._engines.pop(key).close()
        if emptied.is_whole:
            self._emptying[name] = connection
        else:
            connection.close()
        return emptied.is_whole

    def _urls(self, service: str, name: str) -> DatabaseUrls:
        return DatabaseUrls(
            self._url(name, _owner(service)), self._url(name, _app(service)), self._url(name, _relay(service)), name
        )

    def _url(self, database: str, role: str | None = None) -> str:
        parts = urlsplit(self.superuser_url)
        host = parts.netloc.rpartition("@")[2]
        netloc = f"{role}:{_ROLE_PASSWORD}@{host}" if role else parts.netloc
        return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))

    def _template(self, service: str, versions: Path) -> str:
        """Migrate a template, or find the one that another session or worker made from the same migrations."""
        name = f"template_{service}_{_digest(versions)}"
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (_TEMPLATE_LOCK,))
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                return name
            for role in (_owner(service), _app(service), _relay(service)):
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                    connection.execute(
                        sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(_ROLE_PASSWORD))
                    )
            half_made = f"{name}_{uuid4().hex[:6]}"
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(half_made), sql.Identifier(_owner(service)))
            )
            migrations.upgrade(self._url(half_made, _owner(service)), versions, say=lambda _line: None)
            # As the first relay does, if the migrations go that far. A database in which a test changes rights is not used again.
            with psycopg.connect(self._url(half_made, _relay(service)), autocommit=True) as relay:
                if relay.execute("SELECT to_regprocedure('reserve_outbox_for_relay()')").fetchone() != (None,):
                    relay.execute(outbox_table.RESERVE)
            # Rename it only when it is complete: a session that is killed before leaves no broken template.
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(half_made), sql.Identifier(name)))
            return name


def libpq_variables(url: str) -> dict[str, str]:
    """Return libpq's environment variables for a PostgreSQL URL."""
    parts = urlsplit(url)
    found = {"PGHOST": parts.hostname, "PGUSER": parts.username, "PGPASSWORD": parts.password}
    return {"PGPORT": str(parts.port), **{name: value for name, value in found.items() if value}}


class KeptEngine:
    """An engine that tests use one after the other, with all its open connections."""

    def __init__(self, url: str, pool_size: int) -> None:
        self.database = Database.connect(url, pool_size=pool_size, pool_timeout_seconds=_POOL_TIMEOUT_SECONDS)
        self.database_name = urlsplit(url).path.removeprefix("/")
        self._connections: set[psycopg.AsyncConnection] = set()
        event.listen(self.database.engine.sync_engine, "connect", self._note)
        event.listen(self.database.engine.sync_engine, "close", self._note_end)

    def pids(self) -> set[int]:
        """Return the process ids of the engine's connections in PostgreSQL."""
        return {connection.info.backend_pid for connection in self._connections if not connection.closed}

    async def take_back(self) -> bool:
        """End what a test began with the engine; return False if the test still holds connections."""
        await self.database.finish()
        pool = self.database.engine.pool
        if not isinstance(pool, QueuePool) or pool.checkedout() or pool.checkedin() != len(self._connections):
            return False
        with suppress(psycopg.OperationalError):
            for connection in self._connections:
                connection.pgconn.exec_(_FORGET)
        # The test may have ended some connections.
        return not any(connection.closed for connection in self._connections)

    async def close(self) -> None:
        await self.database.close()
        for connection in self._connections:
            await connection.close()

    def _note(self, connection: Any, _record: object) -> None:
        self._connections.add(connection.driver_connection)

    def _note_end(self, connection: Any, _record: object) -> None:
        self._connections.discard(connection.driver_connection)


def _owner(service: str) -> str:
    # Roles belong to the server, and a platform under test may have its own <service>_owner with another password.
    return f"test_{service}_owner"


def _app(service: str) -> str:
    return f"test_{service}_app"


def _relay(service: str) -> str:
    return f"test_{service}_relay"


def _digest(versions: Path) -> str:
    content = hashlib.sha256()
    for file in (Path(__file__), *map(Path, map(getfile, _MADE_BY)), *sorted(versions.glob("*.py"))):
        content.update(file.read_bytes())
    return content.hexdigest()[:12]
