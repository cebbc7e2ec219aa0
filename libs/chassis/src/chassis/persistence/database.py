"""The connection to the service's own PostgreSQL."""

import copy
import select
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from chassis.persistence.connections import STATEMENT_SECONDS, TRANSPORT, TRANSPORT_OF_SERVER, BoundedConnection
from chassis.persistence.scope import PARAMETER, PlatformScope, Scope, enter, enter_each, scope_text
from chassis.settings import ServiceSettings

POOL_TIMEOUT_SECONDS = 5
# The lifetime of a connection to a pooler: shorter than the time that a pooler's pod has to stop (a test checks this).
POOLED_SECONDS_MAX = 30

# The session parameters of every connection. `k8s/components/backing/databases/rights.sql` sets the same for the roles.
SESSION = {
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
    # How soon a statement ends after its client has closed the connection.
    "client_connection_check_interval": "1s",
    "timezone": "UTC",
    # No jit: compiling a plan that only looks expensive delays a request by a tenth of a second.
    "jit": "off",
}

# Select this at the beginning of a transaction with hot statements. Their plans are cached for the life of the connection: a
# plan made while a table was small would keep scanning the whole table as it grows.
BY_INDEX = "set_config('enable_seqscan', 'off', true)"

# The key in a connection's info of the last statement that wrote; the unit of work reads it.
WRITES = "elcorp.wrote"
_WRITE_VERBS = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "TRUNCATE")


class Database:
    """One engine and its sessions; one per process.

    `scope` is that of every transaction; None leaves it to the unit of work, which takes the organization of the actor.
    """

    def __init__(self, engine: AsyncEngine, *, scope: PlatformScope | None = None, enters_scope: bool = True) -> None:
        self.engine = engine
        self.scope: Scope = scope
        # False if the connections have the scope from their start.
        self.enters_scope = enters_scope
        # autoflush=False: the identity map is weak, and after a flush in the middle of a use case, aggregates can be garbage
        # collected before their events are collected.
        self.sessions = async_sessionmaker(engine, autoflush=False, expire_on_commit=False)
        self._closing: list[Callable[[], Awaitable[None]]] = []
        event.listen(engine.sync_engine, "before_cursor_execute", _note_write)
        event.listen(engine.sync_engine, "checkout", _require_open)
        # Reads need no transaction: one statement is one snapshot, and this saves a round trip.
        self._autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")

    @classmethod
    def of(
        cls,
        settings: ServiceSettings,
        *,
        pool_size: int | None = None,
        statement_seconds: int = STATEMENT_SECONDS,
        scope: PlatformScope | None = None,
    ) -> Self:
        """Make the engine of a process from its settings; `pool_size` overrides theirs where fewer connections are enough.

        A process with long statements sets `statement_seconds`, and waits for their answers with `answers_within`.
        """
        return cls.connect(
            settings.database_url.get_secret_value(),
            pool_size=pool_size or settings.database_pool_size,
            pooled=settings.database_pooled,
            prepared=settings.database_prepared,
            statement_seconds=statement_seconds,
            scope=scope,
        )

    @classmethod
    def connect(
        cls,
        dsn: str,
        *,
        pool_size: int = 10,
        pool_timeout_seconds: float | None = None,
        pooled: bool = False,
        prepared: bool = True,
        statement_seconds: int = STATEMENT_SECONDS,
        scope: PlatformScope | None = None,
    ) -> Self:
        """Make the engine. It connects at the first statement. `dsn` is a libpq URL.

        With `pooled` the URL leads to PgBouncer, which refuses session parameters at the start of a connection. They are set for
        the role in the database instead, and `pooled_sessions.require_session` checks them.
        """
        session = SESSION | TRANSPORT_OF_SERVER | {"statement_timeout": f"{statement_seconds}s"}
        if scope:
            session[PARAMETER] = scope_text(scope)
        engine = create_async_engine(
            sqlalchemy_url(dsn),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_SECONDS if pool_timeout_seconds is None else pool_timeout_seconds,
            pool_pre_ping=False,
            pool_use_lifo=True,
            # During its replacement, a pooler serves clients until they renew their connections.
            pool_recycle=POOLED_SECONDS_MAX if pooled else -1,
            connect_args={
                **TRANSPORT,
                "async_creator_fn": BoundedConnection.connect,
                "prepare_threshold": 1 if prepared else None,
                **({} if pooled else {"options": options(session)}),
            },
        )
        return cls(engine, scope=scope, enters_scope=pooled or scope is None)

    def under(self, scope: UUID | PlatformScope) -> Self:
        """Return the same database with another scope."""
        other = copy.copy(self)
        other.scope, other.enters_scope = scope, True
        return other

    def session(self, *, organization_id: UUID | None = None) -> AsyncSession:
        """Return a session in the database's scope, otherwise in that of the organization, if any."""
        session = self.sessions()
        scope = self.scope or organization_id
        if scope and self.enters_scope:
            enter_each(session, scope)
        return session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection for reads; each statement has its own snapshot."""
        if self.scope and self.enters_scope:
            async with self.engine.connect() as connection, connection.begin():
                await enter(connection, self.scope)
                yield connection
            return
        async with self.statements() as connection:
            yield connection

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection on which each statement commits by itself, without the database's scope.

        For the platform's own tables and notifications: they save the round trips that begin, scope and end a transaction.
        """
        async with self._autocommit.connect() as connection:
            yield connection

    async def ping(self) -> None:
        async with self.read() as connection:
            await connection.execute(text("SELECT 1"))

    def before_closing(self, work: Callable[[], Awaitable[None]]) -> None:
        """Register work to await before the connections are closed."""
        self._closing.append(work)

    async def finish(self) -> None:
        """Await the work registered with `before_closing`."""
        while self._closing:
            await self._closing.pop(0)()

    async def close(self) -> None:
        await self.finish()
        await self.engine.dispose()


def options(parameters: Mapping[str, str]) -> str:
    """Return session parameters in the form of libpq's `options`."""
    return " ".join(f"-c {name}={value}" for name, value in parameters.items())


def sqlalchemy_url(dsn: str) -> URL:
    """Convert a libpq URL to SQLAlchemy's form for psycopg 3."""
    return make_url(dsn).set(drivername="postgresql+psycopg")


def _require_open(connection: Any, _record: object, _proxy: object) -> None:
    """Make the pool replace a connection that the server has closed, before it is used.

    The socket of an idle session is readable only if the server has ended the session. This check takes a few µs,
    `pool_pre_ping` a round trip. When a server restarts, only requests with running statements fail.
    """
    driver = connection.driver_connection
    if not driver.closed:
        poll = select.poll()
        poll.register(driver.pgconn.socket, select.POLLIN)
        if not poll.poll(0):
            return
    raise DisconnectionError("the server has ended the session")


@lru_cache(maxsize=500)
def writes(statement: str) -> bool:
    """Return whether a statement writes, and so needs an audit fact."""
    text_upper = statement.lstrip()[:2000].upper()
    verb = text_upper.split(None, 1)[0] if text_upper else ""
    return verb in _WRITE_VERBS or (verb == "WITH" and any(f"{write} " in text_upper for write in _WRITE_VERBS))


def _note_write(
    connection: Connection, _cursor: object, statement: str, _parameters: object, context: Any, _executemany: bool
) -> None:
    # Writes of the platform's own rows (outbox, inbox, idempotency keys) set execution_options(unaudited=True).
    if writes(statement) and not (context and context.execution_options.get("unaudited")):
        connection.info[WRITES] = " ".join(statement.split())[:80]
