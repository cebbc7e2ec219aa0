"""The relay: the cost of a fetch beside an old snapshot, the rate of one aggregate's events, and the time without a leader.

It works in a database and a virtual host of its own on the platform's servers.
"""

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import psycopg

from benchmarks.bank import Bank
from benchmarks.results import Result
from chassis.messaging import outbox_table
from chassis.messaging.contracts import Publications
from chassis.messaging.outbox_table import OutboxTable
from chassis.messaging.relay import Relay
from chassis.persistence import migrations, outbox
from chassis.run.folders import migrations_of
from chassis.testing.broker import virtual_host
from chassis.testing.running import eventually, running
from elcorp.identity.v1 import events_pb2 as identity
from kernel.events import Event

_NAME = "bench_relay"
DELETED = 20_000
EVENTS = 600
WAVE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered(Event):
    """An event with two consumers; all events have one aggregate."""

    user_id: str


def registered(event: Registered) -> identity.UserRegistered:
    return identity.UserRegistered(user_id=event.user_id)


PUBLICATIONS = Publications("identity", {Registered: registered})


@dataclass(frozen=True, slots=True)
class Urls:
    app: str
    relay: str
    broker: str


def measure(bank: Bank) -> list[Result]:
    """Measure on an own database and virtual host."""
    with _places(bank) as urls:
        return [*asyncio.run(_fetches(urls)), asyncio.run(_rate(urls)), asyncio.run(_replacement(urls))]


@contextmanager
def _places(bank: Bank) -> Iterator[Urls]:
    backing = bank.platform.backing
    with psycopg.connect(backing.postgres_url, autocommit=True) as superuser:
        superuser.execute(f"DROP DATABASE IF EXISTS {_NAME} WITH (FORCE)")
        superuser.execute(f"CREATE DATABASE {_NAME} OWNER payments_owner")
        try:
            owner, app, relay_url = (
                _elsewhere(bank.platform.database_url("payments", role)) for role in ("owner", "app", "relay")
            )
            migrations.upgrade(owner, migrations_of("payments"), say=lambda _line: None)
            with virtual_host(backing.rabbitmq_url, backing.rabbitmq_management_url) as broker:
                yield Urls(app, relay_url, broker)
        finally:
            superuser.execute(f"DROP DATABASE {_NAME} WITH (FORCE)")


def _elsewhere(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{_NAME}"))


async def _fetches(urls: Urls) -> list[Result]:
    """Return the buffers of a fetch from the mark, against those of a fetch from the beginning, after DELETED deletes."""
    async with _connection(urls.app) as writer, _connection(urls.app) as reader, _connection(urls.relay) as connection:
        await reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await reader.execute("SELECT 1 FROM outbox LIMIT 1")
        table = OutboxTable(connection)
        for _ in range(DELETED // WAVE):
            await _write(writer, WAVE)
            await table.delete([row.position for row in await table.fetch(limit=WAVE, without=())])
        await _write(writer, WAVE)
        marked, whole = [await _buffers(connection, mark) for mark in (table.low_water.mark, 0)]
        await reader.execute("ROLLBACK")
        await connection.execute("DELETE FROM outbox")
    name = f"relay: buffers of a fetch, {DELETED:,} deletes in an old snapshot"
    return [Result(name, marked, "buffers", baseline=whole, ratio=marked / whole)]


async def _buffers(connection: psycopg.AsyncConnection, mark: int) -> float:
    cursor = await connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {outbox_table.FETCH}", (mark, [], WAVE))
    ((((plan,),),),) = (await cursor.fetchall(),)
    return float(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])


async def _rate(urls: Urls) -> Result:
    """Return the rate of one aggregate's events, against one message at a time."""
    rates = []
    for in_flight_max in (1, 100):
        async with _connection(urls.app) as writer:
            await _write(writer, EVENTS)
            began = time.monotonic()
            async with running(Relay(urls.relay, urls.broker, PUBLICATIONS, in_flight_max=in_flight_max).run):
                await _emptied(writer)
                rates.append(EVENTS / (time.monotonic() - began))
    return Result("relay: events of one aggregate", rates[1], "events/s", baseline=rates[0], ratio=rates[1] / rates[0])


async def _replacement(urls: Urls) -> Result:
    """Return the seconds from a stop of the leading process to the next published event."""
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(urls,), daemon=True)
    process.start()
    try:
        async with _connection(urls.app) as writer:
            await _write(writer, 1)
            await _emptied(writer)
            async with running(Relay(urls.relay, urls.broker, PUBLICATIONS).run):
                # The stand-by has begun to look.
                await asyncio.sleep(1)
                os.kill(process.pid or 0, signal.SIGSTOP)
                began = time.monotonic()
                await _write(writer, 1)
                await _emptied(writer)
                seconds = time.monotonic() - began
    finally:
        process.kill()
        process.join()
    return Result.below("relay: a leader that hangs is replaced", seconds, "s", target=15)


def _run(urls: Urls) -> None:
    asyncio.run(Relay(urls.relay, urls.broker, PUBLICATIONS).run(asyncio.Event()))


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        yield connection


async def _write(connection: psycopg.AsyncConnection, count: int) -> None:
    messages = [PUBLICATIONS.encode(Registered(occurred_at=datetime.now(UTC), user_id="ada")) for _ in range(count)]
    statement = outbox.insert(messages)
    await psycopg.AsyncRawCursor(connection).execute(statement.sql.encode(), statement.parameters)
    await connection.execute("NOTIFY outbox")


async def _emptied(connection: psycopg.AsyncConnection) -> None:
    async def empty() -> bool:
        row = await (await connection.execute("SELECT NOT EXISTS (SELECT FROM outbox)")).fetchone()
        return bool(row and row[0])

    await eventually(empty)
