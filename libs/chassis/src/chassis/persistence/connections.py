"""How connections to PostgreSQL open, and when they are given up: one place for every process, command and migration.

A server can fail in two ways that end no connection. Its node vanishes: then the kernel ends the connection
(`chassis.vanished_peers`). Or the server hangs on a node that acknowledges everything: only the missing answer shows it, so every
wait for an answer has a limit here.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from psycopg import AsyncConnection, Notify, OperationalError, errors, waiting
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import Row

from chassis.vanished_peers import IDLE_SECONDS, PROBE_EVERY_SECONDS, PROBES_MAX, UNACKNOWLEDGED_MS_MAX

CONNECT_SECONDS: Final = 5
# The server ends a longer statement by itself.
STATEMENT_SECONDS: Final = 10
# The same for the few that are long: the removal of many rows, and files of transfers that are settled as one.
LONG_STATEMENT_SECONDS: Final = 60
# Longer than a statement's limit: a server that is only slow answers with an error, and the connection stays usable.
ANSWER_SECONDS: Final = 12.0
LONG_ANSWER_SECONDS: Final = 62.0

# libpq's parameters; they have no effect on Unix sockets.
TRANSPORT: Final[dict[str, Any]] = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": IDLE_SECONDS,
    "keepalives_interval": PROBE_EVERY_SECONDS,
    "keepalives_count": PROBES_MAX,
    "tcp_user_timeout": UNACKNOWLEDGED_MS_MAX,
}
# The same at the server's end, as session parameters: a process that vanished must not keep its locks.
TRANSPORT_OF_SERVER: Final = {
    "tcp_keepalives_idle": f"{IDLE_SECONDS}s",
    "tcp_keepalives_interval": f"{PROBE_EVERY_SECONDS}s",
    "tcp_keepalives_count": str(PROBES_MAX),
    "tcp_user_timeout": f"{UNACKNOWLEDGED_MS_MAX}ms",
}

_answer_seconds: ContextVar[float] = ContextVar("answer_seconds", default=ANSWER_SECONDS)


class NoAnswer(OperationalError):
    """The server did not answer within the limit; the connection was closed, and what the statement did is unknown."""


@contextmanager
def answers_within(seconds: float) -> Iterator[None]:
    """Give each statement of the block another limit; the statement's limit at the server is set apart (`SET LOCAL`)."""
    token = _answer_seconds.set(seconds)
    try:
        yield
    finally:
        _answer_seconds.reset(token)


class BoundedConnection(AsyncConnection[Row]):
    """A connection that is closed when an answer does not come in time, or when the wait for it is cancelled.

    psycopg's own connection asks the server to cancel the statement, and waits up to ten seconds for a hung server. Here a
    cancelled wait returns at once. The server notices the closed connection within `client_connection_check_interval`, and ends
    the statement.
    """

    _is_listening = False

    async def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:  # noqa: ASYNC109  # psycopg's
        if timeout is not None or self._is_listening:
            return await super().wait(gen, interval, timeout)
        seconds = _answer_seconds.get()
        try:
            return await waiting.wait_async(gen, self.pgconn.socket, interval, seconds)
        except errors._WaitTimeout:  # noqa: SLF001  # psycopg has no public name for it
            self.pgconn.finish()
            raise NoAnswer(f"the database did not answer within {seconds:g} s") from None
        except BaseException as error:
            if not isinstance(error, Exception) and self.pgconn.transaction_status != TransactionStatus.IDLE:
                self.pgconn.finish()
            raise

    async def notifies(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # psycopg's
        stop_after: int | None = None,
    ) -> AsyncGenerator[Notify]:
        # Notifications may come at any time or never, so waiting for them has no limit.
        self._is_listening = True
        try:
            async for notification in super().notifies(timeout=timeout, stop_after=stop_after):
                yield notification
        finally:
            self._is_listening = False
