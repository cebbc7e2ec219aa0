"""Under load, payments' processes hold as many connections as `chassis.persistence.connection_budget` says, and no more."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
from structlog.testing import capture_logs

from chassis.persistence.connection_budget import connections_max
from chassis.persistence.database import Database
from chassis.run.migrate import migrate
from chassis.run.work import jobs, work
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.events import announce
from chassis.testing.running import eventually
from elcorp.identity.v1 import events_pb2
from kernel.clock import SystemClock
from kernel.ids import new_id
from payments.bootstrap import SERVICE, serving
from payments.settings import PaymentsSettings
from services.payments.tests.integration.peers import peers
from services.payments.tests.integration.use_case_bank import UseCaseBank

PEERS = ("governance", "compliance", "identity")
Process = Callable[[Any, Any, asyncio.Event], Coroutine[Any, Any, bool]]


class Server:
    """PostgreSQL as a superuser, whose connections do not count."""

    def __init__(self, connection: psycopg.AsyncConnection, urls: DatabaseUrls) -> None:
        self._connection = connection
        self._urls = urls

    async def scalar(self, query: str, *parameters: object) -> object:
        cursor = await self._connection.execute(query.encode(), parameters)
        [(value,)] = await cursor.fetchall()
        return value

    async def held(self) -> object:
        return await self.scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND usename = ANY(%s)",
            self._urls.name,
            ["test_payments_app", "test_payments_relay"],
        )


@asynccontextmanager
async def limited(databases: Databases, urls: DatabaseUrls, number: int) -> AsyncIterator[Server]:
    """Limit the number of connections to the database."""
    await databases.disconnect(urls)
    url = psycopg.conninfo.make_conninfo(databases.superuser_url, dbname=urls.name)
    limit = f'ALTER DATABASE "{urls.name}" CONNECTION LIMIT '
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        # The limit counts our own connection, but does not apply to it.
        await connection.execute(f"{limit} {number + 1}".encode())
        try:
            yield Server(connection, urls)
        finally:
            await connection.execute(f"{limit} -1".encode())


@asynccontextmanager
async def running(process: Process, event: str, settings: PaymentsSettings) -> AsyncIterator[httpx.AsyncClient]:
    """Run a whole process and yield a client of its operators' port. AssertionError if it was refused a connection."""
    stop = asyncio.Event()
    with capture_logs() as lines:
        ended = asyncio.create_task(process(SERVICE, settings, stop))
        await eventually(lambda: ended.done() or any(line["event"] == event for line in lines))
        [ops_port] = [line["ops_port"] for line in lines if line["event"] == event]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ops_port}", timeout=60) as client:
            yield client
        stop.set()
        assert await ended
    assert [line for line in lines if "too many connections" in str(line)] == []


async def ask_at_once(client: httpx.AsyncClient) -> None:
    await asyncio.gather(*(client.get("/readyz") for _ in range(20)))


async def test_serve(databases: Databases, database_urls: DatabaseUrls, broker_url: str) -> None:
    settings = PaymentsSettings(database_url=database_urls.app, rabbitmq_url=broker_url, database_pool_size=3)
    async with limited(databases, database_urls, connections_max("serve", settings)) as server, serving(settings) as parts:
        reports = await asyncio.gather(*(parts.readiness.check() for _ in range(20)))
        assert {report["database"] for report in reports} == {None}
        assert await server.held() == connections_max("serve", settings)


async def test_work(databases: Databases, database_urls: DatabaseUrls, broker_url: str) -> None:
    urls = {"database_url": database_urls.app, "database_relay_url": database_urls.relay, "rabbitmq_url": broker_url}
    settings = PaymentsSettings.model_validate({**urls, "database_pool_size": 3, "ops_port": 0})
    async with (
        limited(databases, database_urls, connections_max("work", settings)) as server,
        running(work, "working", settings) as client,
    ):
        await ask_at_once(client)
        for _ in range(20):
            registered = events_pb2.UserRegistered(user_id=str(new_id()), wallet_address=str(new_id()))
            await announce(broker_url, registered)
        await eventually(lambda: server.scalar("SELECT count(*) FROM accounts WHERE kind = 'wallet'"), 20)
        await eventually(lambda: server.scalar("SELECT count(*) FROM outbox"), 0)
        await eventually(server.held, connections_max("work", settings))


async def test_jobs(databases: Databases, database_urls: DatabaseUrls) -> None:
    # Connected as the owner, who does not count, and closed before the process starts.
    database = Database.connect(database_urls.owner, pool_size=2)
    bank = UseCaseBank(database, ControlledClock(SystemClock().now()))
    payer, payee = await bank.wallet("10.00"), await bank.wallet()
    for _ in range(8):
        await bank.hand_in(payer, payee, "1.00")
    await database.close()
    async with peers(None) as peer:
        targets = {f"{each}_target": f"dns:///127.0.0.1:{peer.port}" for each in PEERS}
        sizes = {"database_pool_size": 2, "job_pool_size": 2}
        settings = PaymentsSettings.model_validate({"database_url": database_urls.app, "ops_port": 0, **sizes, **targets})
        async with (
            limited(databases, database_urls, connections_max("jobs", settings)) as server,
            running(jobs, "working", settings) as client,
        ):
            await ask_at_once(client)
            await eventually(lambda: server.scalar("SELECT count(*) FROM bulks WHERE status = 'completed'"), 8)
            await eventually(server.held, connections_max("jobs", settings))


async def test_migrate(databases: Databases, database_urls: DatabaseUrls) -> None:
    settings = PaymentsSettings(database_owner_url=database_urls.owner)
    async with limited(databases, database_urls, connections_max("migrate", settings)):
        assert await migrate(SERVICE, settings, asyncio.Event())
