"""The listener: live events for every process; nothing is stored for processes that are not connected."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import structlog
from aio_pika.abc import AbstractIncomingMessage
from google.protobuf.message import Message

from chassis.messaging.connection import RPC_TIMEOUT_SECONDS, BrokerLost, Session, keep_session
from chassis.messaging.contracts import spec_of
from chassis.messaging.topology import declare_exchange
from chassis.messaging.wire import Undecodable, decode
from chassis.persistence.delivery import Delivery
from chassis.waiting import Backoff, wait_any

log = structlog.get_logger()

Callback = Callable[[Delivery[Any]], Awaitable[None] | None]


class Listener:
    """Receives events on this process's own queue, which is deleted with its connection.

    Events published while it is not connected are missed: `on_connected` is called after each connection, when the queue is
    bound, so that the owner can reload its state. `connected` says whether events arrive.
    """

    def __init__(
        self,
        rabbitmq_url: str,
        callbacks: Mapping[type[Message], Callback],
        *,
        on_connected: Callable[[], Awaitable[None] | None] | None = None,
        name: str = "listener",
    ) -> None:
        self.connected = False
        self._rabbitmq_url = rabbitmq_url
        self._specs = [spec_of(message_class) for message_class in callbacks]
        self._classes = {spec_of(message_class).type: message_class for message_class in callbacks}
        self._callbacks = {spec_of(message_class).type: callback for message_class, callback in callbacks.items()}
        self._on_connected = on_connected
        self._name = name

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop` is set; waits for RabbitMQ without a limit."""
        await keep_session(self._rabbitmq_url, partial(self._listen, stop), name=self._name, stop=stop)

    async def _listen(self, stop: asyncio.Event, session: Session) -> None:
        channel = await session.channel(prefetch=100)
        async with asyncio.timeout(RPC_TIMEOUT_SECONDS):
            queue = await channel.declare_queue(exclusive=True, auto_delete=True)
            for spec in self._specs:
                await queue.bind(await declare_exchange(channel, spec.context), routing_key=spec.type)
            await queue.consume(self._hear, no_ack=True)
        self.connected = True
        try:
            await self._seed(stop, session)
            await wait_any(stop, session.lost)
        finally:
            self.connected = False
        if session.lost.is_set():
            raise BrokerLost("while listening")

    async def _seed(self, stop: asyncio.Event, session: Session) -> None:
        """Call `on_connected` until it succeeds: what it depends on may be unavailable too."""
        backoff = Backoff()
        while self._on_connected and not (stop.is_set() or session.lost.is_set()):
            try:
                await _settle(self._on_connected())
            except Exception:
                log.exception("listener_catch_up_failed")
                await wait_any(stop, session.lost, seconds=backoff.next())
            else:
                return

    async def _hear(self, message: AbstractIncomingMessage) -> None:
        try:
            delivery = decode(message, self._classes)
        except Undecodable as error:
            log.warning("event_not_understood", type=message.type, message_id=message.message_id, error=str(error))
            return
        try:
            await _settle(self._callbacks[delivery.type](delivery))
        except Exception:
            # Continue for other callbacks; the owner reloads its state at the next connection.
            log.exception("listener_callback_failed", type=delivery.type, message_id=str(delivery.message_id))


async def _settle(result: Awaitable[None] | None) -> None:
    if inspect.isawaitable(result):
        await result
