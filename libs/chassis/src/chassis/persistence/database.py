"""The connection to the service's own PostgreSQL."""

import select
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, Self

from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from chassis.settings import ServiceSettings

CONNECT_TIMEOUT_SECONDS = 5
POOL_TIMEOUT_SECONDS = 5
# How long a connection to a pooler is used: less time than a pooler's pod has to stop (a test checks it).
POOLED_SECONDS_MAX = 30

# The session parameters of every connection. `k8s/components/backing/databases/rights.sql` sets the same ones for the roles.
SESSION = {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
    # No jit: compiling a plan that only looks dear holds a request up for a tenth of a second.
    "jit": "off",
}

# To be selected at the beginning of a transaction whose statements are hot. Their plans are kept for as long as the
# connection; one made while a table was small would look through all of it, and go on doing so as it grows.
BY_INDEX = "set_config('enable_seqscan', 'off', true)"

# Under this key a connection's info holds the last statement that wrote; the unit of work reads it.
WRITES = "elcorp.wrote"
_WRITE_VERBS = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "TRUNCATE")


class Database:
    """One engine and its sessions; one per process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        # autoflush=False: the identity map is weak, and a flush in mid-use-case lets go of aggregates whose events
        # are not collected yet.
        self.sessions = async_sessionmaker(engine, autoflush=False, expire_on_commit=False)
        self._closing: list[Callable[[], Awaitable[None]]] = []
        # Reads need no transaction of their own: one statement is one snapshot, and a round trip is saved.
        event.listen(engine.sync_engine, "before_cursor_execute", _note_write)
        event.listen(engine.sync_engine, "checkout", _require_open)
        self._reads = engine.execution_options(isolation_level="AUTOCOMMIT")

    @classmethod
    def of(cls, settings: ServiceSettings, *, pool_size: int | None = None) -> Self:
        """Make the engine of a process from its settings; `pool_size` replaces theirs where fewer connections are enough."""
        return cls.connect(
            settings.database_url.get_secret_value(),
            pool_size=pool_size or settings.database_pool_size,
            pooled=settings.database_pooled,
            prepared=settings.database_prepared,
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
    ) -> Self:
        """Make the engine; nothing connects before the first statement. `dsn` is a libpq URL.

        With `pooled` it leads to PgBouncer, which refuses session parameters at the start of a connection: they are set for
        the role in the database instead, and `pooled.require_session` checks them.
        """
        engine = create_async_engine(
            sqlalchemy_url(dsn),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_SECONDS if pool_timeout_seconds is None else pool_timeout_seconds,
            pool_pre_ping=False,
            pool_use_lifo=True,
            # A pooler that is being replaced serves its clients until they renew their connections.
            pool_recycle=POOLED_SECONDS_MAX if pooled else -1,
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT_SECONDS,
                "prepare_threshold": 1 if prepared else None,
                **({} if pooled else {"options": options(SESSION)}),
            },
        )
        return cls(engine)

    def session(self) -> AsyncSession:
        return self.sessions()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection for reads, each statement its own snapshot."""
        async with self._reads.connect() as connection:
            yield connection

    async def ping(self) -> None:
        async with self.read() as connection:
            await connection.execute(text("SELECT 1"))

    def before_closing(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have something done while there still are connections."""
        self._closing.append(work)

    async def finish(self) -> None:
        """Let the work end that was to be done before closing."""
        while self._closing:
            await self._closing.pop(0)()

    async def close(self) -> None:
        await self.finish()
        await self.engine.dispose()


def options(parameters: Mapping[str, str]) -> str:
    """Return session parameters as libpq takes them at the start of a connection."""
    return " ".join(f"-c {name}={value}" for name, value in parameters.items())


def sqlalchemy_url(dsn: str) -> URL:
    """Turn a libpq URL into SQLAlchemy's, on psycopg 3."""
    return make_url(dsn).set(drivername="postgresql+psycopg")


def _require_open(connection: Any, _record: object, _proxy: object) -> None:
    """Let the pool replace a connection that its server has closed, before it is used.

    An idle session sends nothing, unless its server has ended it: then its socket is readable. Looking takes a few µs, where
    `pool_pre_ping` takes a round trip. When a server restarts, only requests with statements under way fail.
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
    """Whether a statement changes something, so that somebody is to account for it."""
    text_upper = statement.lstrip()[:2000].upper()
    verb = text_upper.split(None, 1)[0] if text_upper else ""
    return verb in _WRITE_VERBS or (verb == "WITH" and any(f"{write} " in text_upper for write in _WRITE_VERBS))


def _note_write(
    connection: Connection, _cursor: object, statement: str, _parameters: object, context: Any, _executemany: bool
) -> None:
    # The platform's own rows (outbox, inbox, idempotency keys) say so with execution_options(unaudited=True).
    if writes(statement) and not (context and context.execution_options.get("unaudited")):
        connection.info[WRITES] = " ".join(statement.split())[:80]
