"""A database that accepts everything and answers nothing: its clients give up, and everything works when it answers again."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from chassis.errors import as_domain_error
from chassis.health import Readiness
from chassis.jobs import make_jobs
from chassis.messaging import leadership
from chassis.persistence.connections import NoAnswer, answers_within
from chassis.persistence.database import Database
from chassis.persistence.outbox_notifier import OutboxNotifier
from chassis.settings import ServiceSettings
from chassis.testing.databases import DatabaseUrls
from chassis.testing.faults import FaultProxy
from chassis.testing.running import endpoint, eventually, through
from kernel.errors import Unavailable
from libs.chassis.tests.persistence.doors_database import rows

POOL_SIZE = 2


@pytest.fixture
async def proxy(urls: DatabaseUrls, fault_proxy: Callable[[str, int], Awaitable[FaultProxy]]) -> FaultProxy:
    return await fault_proxy(*endpoint(urls.app))


@pytest.fixture
async def behind(urls: DatabaseUrls, proxy: FaultProxy) -> AsyncIterator[Database]:
    """The database through a proxy, with all connections of the pool open."""
    database = Database.connect(through(urls.app, proxy.port), pool_size=POOL_SIZE)
    await asyncio.gather(*(query(database, "SELECT pg_sleep(0.1)") for _ in range(POOL_SIZE)))
    assert proxy.accepted == POOL_SIZE
    yield database
    await database.close()


async def query(database: Database, sql: str = "SELECT 1") -> object:
    async with database.read() as connection:
        return await connection.scalar(text(sql))


async def silent(proxy: FaultProxy, waiting: "asyncio.Task[object]") -> None:
    """Wait until the silent server has received what the task sent."""
    await eventually(lambda: proxy.held_back > 0)
    assert not waiting.done()


async def test_a_statement_without_an_answer_fails_and_its_pool_is_renewed(behind: Database, proxy: FaultProxy) -> None:
    proxy.blackhole()
    with answers_within(0.2), pytest.raises(OperationalError) as failure:
        await query(behind)
    # Still silent: the server's answer was not what ended it.
    assert isinstance(failure.value.orig, NoAnswer)
    assert isinstance(as_domain_error(failure.value), Unavailable)
    await proxy.heal()
    assert await query(behind) == 1
    # The other connection of the pool was as old as the silent one.
    assert proxy.accepted == POOL_SIZE + 1


async def test_a_cancelled_statement_is_given_up_without_asking_the_server(behind: Database, proxy: FaultProxy) -> None:
    proxy.blackhole()
    waiting = asyncio.create_task(query(behind))
    await silent(proxy, waiting)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    # A request to cancel the statement would need a connection, and wait for an answer on it.
    assert proxy.accepted == POOL_SIZE
    await proxy.heal()
    assert await query(behind) == 1


async def test_a_statement_of_a_client_who_is_gone_ends_at_the_server(behind: Database, database: Database) -> None:
    running = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3600)' AND state = 'active'"
    waiting = asyncio.create_task(query(behind, "SELECT pg_sleep(3600)"))
    await eventually(lambda: rows(database, running), [(1,)])
    waiting.cancel()
    await eventually(lambda: rows(database, running), [(0,)])


async def test_readiness_answers_while_every_connection_is_silent(
    behind: Database, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.health.CHECK_TIMEOUT_SECONDS", 0.2)
    readiness = Readiness()
    readiness.add("database", behind.ping)
    proxy.blackhole()
    waiting = [asyncio.create_task(query(behind)) for _ in range(POOL_SIZE)]
    await silent(proxy, waiting[0])
    report = await readiness.report()
    assert (report.status, report.checks) == (503, {"database": "no answer within 0.2 s"})
    assert not any(task.done() for task in waiting)
    # A silent connection that nobody waits for: the check itself uses it.
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert (await readiness.report()).status == 503
    await proxy.heal()

    async def is_ready() -> bool:
        return (await readiness.report()).ready

    await eventually(is_ready)


async def test_closing_does_not_wait_for_a_silent_server(
    urls: DatabaseUrls, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.persistence.outbox_notifier.CLOSE_SECONDS", 0.2)
    database = Database.connect(through(urls.app, proxy.port), pool_size=POOL_SIZE)
    notifier = OutboxNotifier(database)
    await query(database)
    proxy.blackhole()
    with answers_within(3600):
        notifier.notify()
    await eventually(lambda: proxy.held_back > 0)
    await database.close()
    assert notifier._notifying
    assert notifier._notifying.done()


async def test_every_connection_ends_when_its_peer_vanishes(urls: DatabaseUrls, behind: Database) -> None:
    """A vanished node acknowledges nothing; the kernel then ends the connection."""
    settings = ServiceSettings(_env_file=None, environment="local", database_url=urls.app)
    async with (
        behind.engine.connect() as pooled,
        make_jobs(settings).open_async() as jobs,
        jobs.connector.pool.connection() as of_jobs,  # type: ignore[attr-defined]
        await leadership.connect(urls.app, application_name="relay") as of_relay,
    ):
        of_engine = (await pooled.get_raw_connection()).driver_connection
        for connection in (of_engine, of_jobs, of_relay):
            assert limits(connection) == (5, 2, 3, 11_000)


def limits(connection: Any) -> tuple[int, ...]:
    names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
    with socket.socket(fileno=os.dup(connection.pgconn.socket)) as duplicate:
        assert duplicate.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        return tuple(duplicate.getsockopt(socket.IPPROTO_TCP, name) for name in names)
