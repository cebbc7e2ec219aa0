"""Payments behind PgBouncer in transaction mode, where session state is lost between transactions."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.persistence.database import SESSION, Database
from chassis.persistence.outbox import CHANNEL
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.pooler import Pooler, limit_sessions, pooler, prepares
from chassis.testing.running import eventually
from kernel.ids import new_id
from services.payments.tests.contract.bank import Bank, Holder

# Fewer than the process holds to the pooler, so that its transactions share them.
SERVER_CONNECTIONS = 2


@pytest.fixture
async def before(database_urls: DatabaseUrls, databases: Databases) -> AsyncIterator[Pooler]:
    # An earlier test may have left connections to the database, which would be counted.
    await databases.disconnect(database_urls)
    with pooler(database_urls, databases.superuser_url, connections=SERVER_CONNECTIONS) as started:
        yield started


@pytest.fixture
async def database(before: Pooler, database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database.connect(before.through(database_urls.app), pool_size=8, pooled=True, prepared=prepares())
    yield database
    await database.close()


async def connections(urls: DatabaseUrls, databases: Databases) -> int:
    """Count the runtime role's connections at PostgreSQL."""
    counted = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND usename = %s"
    async with await psycopg.AsyncConnection.connect(databases.superuser_url) as superuser:
        cursor = await superuser.execute(counted, (urls.name, "test_payments_app"))
        [(number,)] = await cursor.fetchall()
        return int(number)


async def test_transactions_of_many_clients_share_few_connections(
    bank: Bank, payer: Holder, payee: Holder, database_urls: DatabaseUrls, databases: Databases
) -> None:
    keys = [str(new_id()) for _ in range(40)]
    made = await asyncio.gather(*(bank.pay(payer, payee, "1.00", key=key) for key in keys))
    again = await asyncio.gather(*(bank.pay(payer, payee, "1.00", key=key) for key in keys))

    assert {answer.status_code for answer in (*made, *again)} == {201}
    assert [answer.json()["data"] for answer in again] == [answer.json()["data"] for answer in made]
    assert (await bank.wallet(payer))[0] == "960.00"
    assert await connections(database_urls, databases) == SERVER_CONNECTIONS


async def test_one_key_sent_many_times_at_once_makes_one_transfer(bank: Bank, payer: Holder, payee: Holder) -> None:
    key = str(new_id())
    answers = await asyncio.gather(*(bank.pay(payer, payee, "1.00", key=key) for _ in range(20)))

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert (await bank.wallet(payer))[0] == "999.00"


async def test_a_commit_wakes_the_relay_which_listens_on_a_direct_connection(
    bank: Bank, payer: Holder, payee: Holder, database_urls: DatabaseUrls
) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as relay:
        await relay.execute(f"LISTEN {CHANNEL}".encode())
        await bank.made(payer, payee, "1.00")
        async for notification in relay.notifies(timeout=60, stop_after=1):
            assert notification.channel == CHANNEL
            return
    raise AssertionError("no notification was received")


async def test_a_file_of_transfers_is_deferred_in_its_transaction(bank: Bank, payer: Holder, payee: Holder) -> None:
    line = {"target_wallet_id": str(payee.wallet_id), "amount": "1.00"}
    file = {"source_wallet_id": str(payer.wallet_id), "currency": "NAD", "mode": "best_effort", "lines": [line]}
    answer = await bank.post("/transfers/bulk", payer.user_id, file)
    assert answer.status_code == 202, answer.text
    await bank.run_bulk(answer.json()["data"]["id"])
    assert (await bank.wallet(payee))[0] == "1.00"
    async with bank.database.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'payments:run_bulk'")) == 1


async def test_every_transaction_has_the_limits_of_a_session(database: Database) -> None:
    async def limits() -> dict[str, str]:
        async with database.engine.begin() as connection:
            await connection.execute(text("SELECT pg_sleep(0.01)"))
            return {name: str(await connection.scalar(text("SELECT current_setting(:name)"), {"name": name})) for name in SESSION}

    assert await asyncio.gather(*(limits() for _ in range(8))) == [SESSION] * 8


async def test_a_statement_that_takes_too_long_is_cancelled(
    database: Database, database_urls: DatabaseUrls, databases: Databases
) -> None:
    limit_sessions(database_urls, databases.superuser_url, statement_timeout="50ms")
    with pytest.raises(DBAPIError, match="canceling statement due to statement timeout"):
        async with database.read() as connection:
            await connection.execute(text("SELECT pg_sleep(60)"))


async def test_a_process_not_configured_for_the_pooler_cannot_connect(before: Pooler, database_urls: DatabaseUrls) -> None:
    unaware = Database.connect(before.through(database_urls.app), pool_size=1)
    with pytest.raises(DBAPIError, match="unsupported startup parameter"):
        await unaware.ping()
    await unaware.close()


async def test_transfers_continue_when_the_pooler_is_replaced_and_each_is_made_once(
    bank: Bank, payer: Holder, payee: Holder, before: Pooler
) -> None:
    # While the pooler is stopped, the hook that checks the database after an error cannot reach it.
    bank.client.event_hooks = {}
    made: list[str] = []
    refused: set[int] = set()
    stop = asyncio.Event()

    async def keep_paying() -> None:
        while not stop.is_set():
            key = str(new_id())
            # A client repeats an unanswered request with its key.
            while (answer := await bank.pay(payer, payee, "0.01", key=key)).status_code != 201:
                refused.add(answer.status_code)
            made.append(key)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(8):
            tasks.create_task(keep_paying())
        await eventually(lambda: len(made) >= 20)
        await asyncio.to_thread(before.stop)
        paid = len(made)
        await asyncio.to_thread(before.start)
        await eventually(lambda: len(made) >= paid + 20)
        stop.set()

    assert refused <= {503}
    assert Decimal((await bank.wallet(payee))[0]) == Decimal(len(set(made))) / 100
