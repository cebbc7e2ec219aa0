"""Real PostgreSQL and RabbitMQ; each test has its own database and virtual host."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import aio_pika
import aio_pika.exceptions
import psycopg
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import DeliveryError, PublishError
from psycopg.types.json import Jsonb
from sqlalchemy import text

from chassis.messaging.contracts import Publications, spec_of
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork
from chassis.testing.broker import Management, virtual_host
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.faults import FaultProxy
from chassis.testing.running import endpoint, eventually, through
from chassis.testing.servers import Servers
from elcorp.identity.v1 import events_pb2 as identity
from kernel.actor import Actor
from kernel.events import Event
from libs.chassis.tests.messaging.nursery import Nursery, nursery_for

VERSIONS = Path(__file__).parent / "migrations" / "versions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered(Event):
    """Consumed by payments and governance, in order within a user; `number` counts the user's events."""

    user_id: str
    number: int = 0


def registered(event: Registered) -> identity.UserRegistered:
    return identity.UserRegistered(user_id=event.user_id, wallet_address=str(event.number), initial_role="user")


@pytest.fixture
def publications():
    return Publications("identity", {Registered: registered})


@pytest.fixture
def register():
    def make(user_id: str, number: int = 0) -> Registered:
        return Registered(occurred_at=datetime.now(UTC), user_id=user_id, number=number)

    return make


@pytest.fixture(autouse=True)
def quick_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnect soon after each loss: tests cut connections more often than networks do, and each time the wait would double."""
    monkeypatch.setattr("chassis.messaging.connection.STABLE_SECONDS", 0)
    monkeypatch.setattr("chassis.messaging.relay.STABLE_SECONDS", 0)


@pytest.fixture
def management(servers: Servers) -> Management:
    return Management(servers.rabbitmq_management_url)


@pytest.fixture
def broker_url(servers: Servers) -> Iterator[str]:
    with virtual_host(servers.rabbitmq_url, servers.rabbitmq_management_url) as url:
        yield url


@pytest.fixture
async def database_urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("chassis", VERSIONS) as urls:
        yield urls


@dataclass
class Outbox:
    """Writes to the outbox of the test's database as the runtime role, and reads it as the relay's role, of which `url` is."""

    url: str
    app_url: str
    publications: Publications

    async def write(self, *events: Event) -> None:
        messages = [self.publications.encode(event) for event in events]
        async with await psycopg.AsyncConnection.connect(self.app_url) as connection, connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO outbox (message_id, type, aggregate_id, payload, headers) VALUES (%s, %s, %s, %s, %s)",
                [(m.message_id, m.type, m.aggregate_id, m.payload, Jsonb(m.headers)) for m in messages],
            )
            await cursor.execute("NOTIFY outbox")

    async def count(self) -> int:
        async with await psycopg.AsyncConnection.connect(self.url) as connection:
            (row,) = await (await connection.execute("SELECT count(*) FROM outbox")).fetchall()
        return int(row[0])

    async def wait_empty(self) -> None:
        await eventually(self.count, 0)


@pytest.fixture
def outbox(database_urls: DatabaseUrls, publications: Publications) -> Outbox:
    return Outbox(database_urls.relay, database_urls.app, publications)


class Effects:
    """A service's effects, one row per handled message, written by its unit of work."""

    def __init__(self, database: Database, publications: Publications) -> None:
        self.database = database
        self._uow = SqlUnitOfWork(database, SqlTransaction, publications, service="payments")
        self.handled = 0

    async def record(self, delivery: Delivery[identity.UserRegistered]) -> None:
        async with self._uow.begin(Actor.service("payments"), audited=False) as tx:
            await tx.session.execute(
                text("INSERT INTO effects (aggregate, number) VALUES (:user, :number)"),
                {"user": delivery.message.user_id, "number": int(delivery.message.wallet_address)},
            )
        self.handled += 1

    async def rows(self) -> list[tuple[str, int]]:
        async with self.database.read() as connection:
            found = await connection.execute(text("SELECT aggregate, number FROM effects ORDER BY position"))
            return [(row.aggregate, row.number) for row in found]

    async def count(self) -> int:
        return len(await self.rows())


@pytest.fixture
async def database(databases: Databases, database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    async with databases.connect(database_urls.app, pool_size=20) as database:
        yield database


@pytest.fixture
def effects(database: Database, publications: Publications) -> Effects:
    return Effects(database, publications)


async def confirmed(channel: AbstractChannel, message: aio_pika.Message, *, queue: str) -> None:
    """Publish as the relay does: again after a negative confirmation, which a quorum queue may give on a busy machine."""

    async def is_confirmed() -> bool:
        try:
            await channel.default_exchange.publish(message, routing_key=queue)
        except PublishError:
            # It was returned: there is no such queue.
            raise
        except DeliveryError:
            return False
        return True

    await eventually(is_confirmed, expected=True)


@dataclass
class Broker:
    """The test's own access to its virtual host."""

    url: str

    async def send(self, event: Event, publications: Publications, *, queue: str, body: bytes | None = None, **headers) -> None:
        """Put an event into a queue as the relay would; `body` replaces its body, `headers` its own (None: without it)."""
        message = publications.encode(event)
        sent = {name: value for name, value in {**message.headers, **headers}.items() if value is not None}
        async with await aio_pika.connect(self.url) as connection, connection.channel(on_return_raises=True) as channel:
            letter = aio_pika.Message(
                message.payload if body is None else body,
                message_id=str(message.message_id),
                type=message.type,
                app_id="identity",
                delivery_mode=2,
                headers=sent,
            )
            await confirmed(channel, letter, queue=queue)

    async def send_all(self, events: Sequence[Event], publications: Publications, *, queue: str) -> None:
        """Put many events into a queue, in their order."""
        async with await aio_pika.connect(self.url) as connection, connection.channel(on_return_raises=True) as channel:
            await asyncio.gather(*(self._publish(channel, event, publications, queue) for event in events))

    async def _publish(self, channel: AbstractChannel, event: Event, publications: Publications, queue: str) -> None:
        message = publications.encode(event)
        letter = aio_pika.Message(
            message.payload,
            message_id=str(message.message_id),
            type=message.type,
            app_id="identity",
            delivery_mode=2,
            headers={**message.headers},
        )
        await confirmed(channel, letter, queue=queue)

    async def delete(self, queue: str, management: Management, *, dead: str) -> None:
        """Delete a queue after it has dead-lettered a message, which ends up in the queue `dead`.

        RabbitMQ 3.10 answers queue.declare before it has started the process that dead-letters from the queue. If the queue is
        deleted before that, the process crashes until its supervisor gives up, and no queue dead-letters until the broker is
        restarted.
        """
        letters = await self.depth(dead)
        async with await aio_pika.connect(self.url) as connection, connection.channel(on_return_raises=True) as channel:
            # Consumers handle its type but cannot read it; and it expires soon, for queues without consumers.
            handled = spec_of(identity.UserRegistered).type
            message = aio_pika.Message(b"\xff", type=handled, delivery_mode=2, expiration=0.001)
            await channel.default_exchange.publish(message, routing_key=queue)
        await eventually(partial(self.depth, dead), letters + 1)
        vhost = self.url.rpartition("/")[2].partition("?")[0]
        await asyncio.to_thread(management.call, "DELETE", f"queues/{vhost}/{queue}")

    async def take(self, queue: str) -> AbstractIncomingMessage:
        """Take the next message from a queue as a consumer, because some queues deliver to consumers only."""
        taken: asyncio.Future[AbstractIncomingMessage] = asyncio.get_running_loop().create_future()

        async def take(message: AbstractIncomingMessage) -> None:
            # The message after it stays unacknowledged and so returns to the queue.
            if not taken.done():
                taken.set_result(message)
                await message.ack()

        async with await aio_pika.connect(self.url) as connection, connection.channel() as channel:
            await channel.set_qos(prefetch_count=1)
            await (await channel.get_queue(queue)).consume(take)
            return await taken

    async def depth(self, queue: str) -> int:
        """Return the number of waiting messages; -1 if the queue does not exist."""
        async with await aio_pika.connect(self.url) as connection, connection.channel() as channel:
            try:
                declared = await channel.declare_queue(queue, passive=True)
            except aio_pika.exceptions.ChannelNotFoundEntity:
                return -1
            return declared.declaration_result.message_count or 0


@pytest.fixture
def broker(broker_url: str) -> Broker:
    return Broker(broker_url)


class Tap:
    """Takes all messages from a queue, in the broker's order."""

    def __init__(self) -> None:
        self.messages: list[AbstractIncomingMessage] = []

    @property
    def events(self) -> list[tuple[str, int]]:
        """(user, number) of each, in order of arrival, including duplicates."""
        parsed = [identity.UserRegistered.FromString(message.body) for message in self.messages]
        return [(event.user_id, int(event.wallet_address)) for event in parsed]

    @property
    def first_arrivals(self) -> dict[str, list[int]]:
        """Each user's numbers, in the order of their first arrival."""
        seen: set[UUID] = set()
        order: dict[str, list[int]] = {}
        for message, (user, number) in zip(self.messages, self.events, strict=True):
            if UUID(message.message_id) not in seen:
                seen.add(UUID(message.message_id))
                order.setdefault(user, []).append(number)
        return order

    async def run(self, url: str, queue_name: str, stop: asyncio.Event) -> None:
        async with await aio_pika.connect(url) as connection, connection.channel() as channel:
            await channel.set_qos(prefetch_count=500)
            queue = await channel.get_queue(queue_name)
            await queue.consume(self._take)
            await stop.wait()

    async def _take(self, message: AbstractIncomingMessage) -> None:
        self.messages.append(message)
        await message.ack()


@pytest.fixture
def tap() -> Tap:
    return Tap()


@pytest.fixture
async def nursery(outbox: Outbox, broker_url: str) -> AsyncIterator[Nursery]:
    async with nursery_for(outbox.url, outbox.app_url, broker_url) as nursery:
        yield nursery


@pytest.fixture
def fault_proxy_to(fault_proxy):
    """Put a fault proxy in front of a URL's server; return the proxy, and the URL through it."""

    async def start(url: str) -> tuple[FaultProxy, str]:
        proxy = await fault_proxy(*endpoint(url))
        return proxy, through(url, proxy.port)

    return start
