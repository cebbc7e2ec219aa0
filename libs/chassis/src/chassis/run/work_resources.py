"""The resources of every `work` process, built here, so that a service's bootstrap names only its own classes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chassis.health import Readiness
from chassis.messaging.consumer import Consumer
from chassis.messaging.contracts import AnySubscription, Publications
from chassis.messaging.relay import Relay
from chassis.persistence.database import Database
from chassis.persistence.scope import PLATFORM
from chassis.run.service import Background, Working
from chassis.settings import ServiceSettings
from kernel.clock import Clock, SystemClock

if TYPE_CHECKING:
    import grpc.aio
    from redis.asyncio import Redis


@dataclass(frozen=True, slots=True)
class WorkerResources:
    """The resources of a `work` process. The database has the platform's scope: consumers act for all organizations."""

    settings: ServiceSettings
    database: Database
    clock: Clock
    readiness: Readiness
    _publications: Publications
    _stack: AsyncExitStack

    def peer(self, name: str) -> "grpc.aio.Channel":
        """Return a channel to a peer. While the peer is away, the process is ready, and its other work continues."""
        from chassis.rpc import connect  # noqa: PLC0415  # not every worker has need of it

        channel = connect(self.settings, name)
        self._stack.push_async_callback(channel.close)
        self.readiness.add(name, channel.channel_ready, required=False)
        return channel

    def redis(self) -> "Redis":
        """Return a client of Redis. While Redis is away, the process is ready, and its other work continues."""
        from chassis.redis import redis_client  # noqa: PLC0415  # not every worker has need of it

        redis = redis_client(self.settings.redis_url.get_secret_value())
        self._stack.push_async_callback(redis.aclose)
        self.readiness.add("redis", redis.ping, required=False)
        return redis

    def working(self, subscriptions: Sequence[AnySubscription], *background: Background) -> Working:
        """Return the process's parts: the relay of its events, the consumer of its subscriptions, and its own work."""
        rabbitmq_url = self.settings.rabbitmq_url.get_secret_value()
        relay = Relay(self.settings.database_relay_url.get_secret_value(), rabbitmq_url, self._publications)
        consumer = Consumer(rabbitmq_url, self.settings.NAME, subscriptions, database=self.database)
        return Working((relay.run, consumer.run, *background), self.readiness, self.database)


@asynccontextmanager
async def worker_resources(settings: ServiceSettings, publications: Publications) -> AsyncIterator[WorkerResources]:
    """Build the resources, and close them at the block's end. Peers, the broker and Redis need not be reachable."""
    async with AsyncExitStack() as stack:
        database = Database.of(settings, scope=PLATFORM)
        stack.push_async_callback(database.close)
        readiness = Readiness()
        readiness.add("database", database.ping)
        yield WorkerResources(settings, database, SystemClock(), readiness, publications, stack)
