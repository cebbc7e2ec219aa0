"""The error that a caller gets for each exception."""

import aio_pika.exceptions
import grpc
import psycopg
import pytest
import redis.exceptions
import sqlalchemy.exc
from structlog.testing import capture_logs

from chassis.errors import STATUS, Internal, as_domain_error
from chassis.persistence.database import Database
from kernel.errors import Kind, NotFound, Unavailable


def test_every_kind_has_a_status() -> None:
    assert {kind: (status.http, status.grpc.name) for kind, status in STATUS.items()} == {
        Kind.INVALID: (422, "INVALID_ARGUMENT"),
        Kind.UNAUTHENTICATED: (401, "UNAUTHENTICATED"),
        Kind.DENIED: (403, "PERMISSION_DENIED"),
        Kind.NOT_FOUND: (404, "NOT_FOUND"),
        Kind.CONFLICT: (409, "ALREADY_EXISTS"),
        Kind.STALE: (412, "FAILED_PRECONDITION"),
        Kind.UNCONDITIONAL: (428, "FAILED_PRECONDITION"),
        Kind.REFUSED: (409, "FAILED_PRECONDITION"),
        Kind.EXHAUSTED: (429, "RESOURCE_EXHAUSTED"),
        Kind.UNAVAILABLE: (503, "UNAVAILABLE"),
        Kind.INTERNAL: (500, "INTERNAL"),
    }


def test_a_domain_error_is_returned_unchanged() -> None:
    error = NotFound(wallet_id="7")
    assert as_domain_error(error) is error


AWAY = [
    sqlalchemy.exc.OperationalError("SELECT 1", {}, Exception("host db-7")),
    sqlalchemy.exc.InterfaceError("SELECT 1", {}, Exception("closed")),
    sqlalchemy.exc.TimeoutError("pool"),
    psycopg.OperationalError("gone"),
    psycopg.InterfaceError("closed"),
    aio_pika.exceptions.AMQPConnectionError("gone"),
    redis.exceptions.ConnectionError("gone"),
    redis.exceptions.TimeoutError("slow"),
    redis.exceptions.BusyLoadingError("loading"),
    TimeoutError(),
    ConnectionRefusedError(),
    grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata()),
    grpc.aio.AioRpcError(grpc.StatusCode.DEADLINE_EXCEEDED, grpc.aio.Metadata(), grpc.aio.Metadata()),
]


@pytest.mark.parametrize("exc", AWAY, ids=lambda exc: type(exc).__name__)
def test_an_unreachable_dependency_is_unavailable(exc: Exception) -> None:
    with capture_logs() as lines:
        error = as_domain_error(exc)
    assert isinstance(error, Unavailable)
    assert error.facts == {}
    assert [line["event"] for line in lines] == ["dependency_unavailable"]


@pytest.mark.parametrize(
    "exc",
    [
        ValueError("secret"),
        sqlalchemy.exc.ProgrammingError("SELECT secret", {}, Exception()),
        sqlalchemy.exc.IntegrityError("INSERT secret", {}, Exception()),
        # PostgreSQL is there, and its limit too.
        psycopg.errors.ProgramLimitExceeded("index row size 8008 exceeds btree version 4 maximum 2704"),
        grpc.aio.AioRpcError(grpc.StatusCode.INTERNAL, grpc.aio.Metadata(), grpc.aio.Metadata(), "secret"),
    ],
    ids=lambda exc: type(exc).__name__,
)
def test_any_other_exception_is_a_defect_with_an_id(exc: Exception) -> None:
    with capture_logs() as lines:
        error = as_domain_error(exc)
    assert isinstance(error, Internal)
    assert "secret" not in str(error)
    assert [(line["event"], line["error_id"], line["exc_info"]) for line in lines] == [("unhandled_error", error.error_id, exc)]


async def test_an_unreachable_database_is_unavailable() -> None:
    database = Database.connect("postgresql://nobody:nothing@127.0.0.1:1/none")
    with pytest.raises(sqlalchemy.exc.OperationalError) as raised:
        await database.ping()
    assert isinstance(as_domain_error(raised.value), Unavailable)
    await database.close()
