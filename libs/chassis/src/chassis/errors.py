"""The table from an error's kind to its HTTP and gRPC status, and the function that turns any exception into an error."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import aio_pika.exceptions
import grpc
import psycopg
import sqlalchemy.exc
import structlog
from grpc import StatusCode

from kernel.errors import DomainError, Kind, Unavailable
from kernel.ids import new_id

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Status:
    """The status of one kind of error over HTTP and over gRPC."""

    http: int
    grpc: StatusCode


STATUS: Final[Mapping[Kind, Status]] = MappingProxyType(
    {
        Kind.INVALID: Status(422, StatusCode.INVALID_ARGUMENT),
        Kind.UNAUTHENTICATED: Status(401, StatusCode.UNAUTHENTICATED),
        Kind.DENIED: Status(403, StatusCode.PERMISSION_DENIED),
        Kind.NOT_FOUND: Status(404, StatusCode.NOT_FOUND),
        Kind.CONFLICT: Status(409, StatusCode.ALREADY_EXISTS),
        Kind.STALE: Status(412, StatusCode.FAILED_PRECONDITION),
        Kind.UNCONDITIONAL: Status(428, StatusCode.FAILED_PRECONDITION),
        Kind.REFUSED: Status(409, StatusCode.FAILED_PRECONDITION),
        Kind.EXHAUSTED: Status(429, StatusCode.RESOURCE_EXHAUSTED),
        Kind.UNAVAILABLE: Status(503, StatusCode.UNAVAILABLE),
        Kind.INTERNAL: Status(500, StatusCode.INTERNAL),
    }
)


class Internal(DomainError):
    """Something went wrong on our side; quote the request id."""

    kind = Kind.INTERNAL
    code = "SRV_001"

    def __init__(self, *, error_id: str) -> None:
        self.error_id = error_id
        super().__init__(error_id=error_id)


# A dependency that is unreachable, slow or shutting down: the caller may retry. Lock and statement timeouts, deadlocks and
# serialization failures are OperationalErrors too, and can also be retried.
_AWAY: Final[tuple[type[BaseException], ...]] = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    aio_pika.exceptions.AMQPConnectionError,
    asyncio.TimeoutError,
    ConnectionError,
)
# States in which PostgreSQL is away although its exception is not an OperationalError.
_AWAY_STATES: Final = frozenset(
    {
        "25006",  # read only: the server became a standby, and its successor is not reached yet
        "25P03",  # idle in transaction timeout: the server ended the connection
        "25P04",  # transaction timeout: the server ended the connection
    }
)
# The class of states in which a statement exceeds a limit, such as the size of an index's key. Again, it would fail again.
_LIMIT_EXCEEDED: Final = "54"
# By name, so that this module does not import redis-py (20 MB): a process without it cannot raise these.
_REDIS_AWAY: Final = frozenset({"ConnectionError", "TimeoutError", "BusyLoadingError"})
_AWAY_CODES: Final = frozenset({StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED})


def as_domain_error(exc: BaseException) -> DomainError:
    """Return the error that the caller gets for an exception.

    A DomainError is returned unchanged. An unavailable dependency becomes Unavailable. Anything else is a defect and becomes
    Internal, with an error id under which its traceback is logged here, once. The caller never gets any text of the original.
    """
    if isinstance(exc, DomainError):
        return exc
    if _is_away(exc):
        log.warning("dependency_unavailable", error=type(exc).__name__, detail=str(exc).splitlines()[0][:300] if str(exc) else "")
        return Unavailable()
    error_id = str(new_id())
    log.error("unhandled_error", error_id=error_id, exc_info=exc)
    return Internal(error_id=error_id)


def sqlstate_of(exc: BaseException) -> str | None:
    """Return PostgreSQL's SQLSTATE; SQLAlchemy wraps the driver's exception."""
    state = getattr(getattr(exc, "orig", exc), "sqlstate", None)
    return state if isinstance(state, str) else None


def _is_away(exc: BaseException) -> bool:
    if isinstance(exc, grpc.RpcError):
        return _code(exc) in _AWAY_CODES
    state = sqlstate_of(exc) or ""
    if state.startswith(_LIMIT_EXCEEDED):
        return False
    return isinstance(exc, _AWAY) or state in _AWAY_STATES or _is_redis_away(exc)


def _is_redis_away(exc: BaseException) -> bool:
    return any(cls.__module__ == "redis.exceptions" and cls.__name__ in _REDIS_AWAY for cls in type(exc).__mro__)


def _code(exc: grpc.RpcError) -> StatusCode | None:
    # AioRpcError and the synchronous Call have code(); their base class does not declare it.
    code = getattr(exc, "code", None)
    return code() if callable(code) else None
