"""The connection to RabbitMQ: opened, monitored, and opened again after a loss.

aio-pika's robust connection is not used: it silently restores channels and consumers, while the declared topology, pending
futures and acknowledgements belong to the lost connection. Here a loss ends the session's work, which starts again on a new
connection.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import aiormq
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from aiormq.channel import Channel
from aiormq.connection import DEFAULT_PORTS
from pamqp.exceptions import PAMQPException
from yarl import URL

from chassis.verified_urls import RABBITMQ, trusting
from chassis.waiting import Backoff, run_first, sleep_unless

CONNECT_TIMEOUT_SECONDS = 5
RPC_TIMEOUT_SECONDS = 10
CLOSE_TIMEOUT_SECONDS = 2
# RabbitMQ closes the connection of a process that is silent for about this time twice.
HEARTBEAT_SECONDS = 5
# aiormq gives up a broker after this many missed heartbeats, here after 14 s at most; its default, three, is 20 s.
aiormq.Connection.HEARTBEAT_GRACE_MULTIPLIER = 2
# A session that lasted this long resets the backoff, so that the next loss starts with a short wait.
STABLE_SECONDS = 10

log = structlog.get_logger()
# These libraries log each failed attempt and each lost connection as errors; `keep_session` logs them once.
for _library in ("aiormq", "aio_pika"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)


class BrokerLost(ConnectionError):  # named as a state
    """The connection, a channel or a consumer of this session was lost."""


BROKER_ERRORS = (AMQPError, PAMQPException, ChannelInvalidStateError, OSError)


class Session:
    """One connection, from its opening to its loss."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection
        self._loss: BaseException | None = None
        self.lost = asyncio.Event()
        connection.close_callbacks.add(self._on_close)

    async def channel(self, *, prefetch: int | None = None) -> AbstractChannel:
        """Open a channel with publisher confirms; if it is lost, so is the session."""
        async with asyncio.timeout(RPC_TIMEOUT_SECONDS):
            channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
            channel.close_callbacks.add(self._on_close)
            underlay = await underlay_of(channel)
            # The broker cancels a consumer whose queue is deleted; without this the process would wait forever.
            underlay.on_consumer_cancel_callbacks.add(self._on_cancel)
            if prefetch:
                await channel.set_qos(prefetch_count=prefetch)
        return channel

    async def close(self, channel: AbstractChannel) -> None:
        """Close a channel without ending the session; ignores errors, because the session may be lost."""
        if self.lost.is_set() or channel.is_closed:
            return
        channel.close_callbacks.discard(self._on_close)
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                await channel.close()
        except (TimeoutError, *BROKER_ERRORS) as error:
            # The end of the connection, which follows, closes it too.
            log.debug("broker_channel_not_closed", reason=_reason(error))

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[AbstractChannel]:
        """Open a channel for a request that the broker may refuse by closing the channel; that does not end the session."""
        async with asyncio.timeout(RPC_TIMEOUT_SECONDS):
            channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        try:
            yield channel
        finally:
            if not channel.is_closed:
                await channel.close()

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work until it ends; if the session is lost first, cancel the work and raise BrokerLost."""
        await run_first(work, self._raise_lost())

    async def _raise_lost(self) -> None:
        await self.lost.wait()
        raise BrokerLost(_reason(self._loss))

    def _on_close(self, _sender: object, error: BaseException | None = None) -> None:
        self.fail(error)

    def _on_cancel(self, frame: Any) -> None:
        self.fail(BrokerLost(f"the broker cancelled consumer {frame.consumer_tag}"))

    def fail(self, error: BaseException | None) -> None:
        """Mark the session as lost, because its state is not reliable any more."""
        if not self.lost.is_set():
            self._loss = error
            self.lost.set()


@asynccontextmanager
async def open_session(url: str, *, name: str) -> AsyncIterator[Session]:
    """Connect for the duration of the block; raises one of BROKER_ERRORS, or ValueError for an empty URL."""
    if not url:
        raise ValueError("ELCORP_RABBITMQ_URL is not set")
    target = URL(url)
    if "heartbeat" not in target.query:
        target = target.update_query(heartbeat=HEARTBEAT_SECONDS)
    authority = target.query.get(RABBITMQ.authority)
    context = trusting(authority) if authority else None
    async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
        connection = await aio_pika.connect(target, ssl_context=context, client_properties={"connection_name": name})
    try:
        yield Session(connection)
    finally:
        await _close(connection)


async def keep_session(
    url: str,
    work: Callable[[Session], Awaitable[None]],
    *,
    name: str,
    stop: asyncio.Event,
    backoff: Backoff | None = None,
) -> None:
    """Run `work` on a connection, and again on a new one after each loss, until `stop` is set.

    If work returns before `stop`, a new connection is opened at once.
    """
    backoff = backoff or Backoff()
    clock = asyncio.get_running_loop().time
    waiting = False
    while not stop.is_set():
        opened_at = clock()
        try:
            async with open_session(url, name=name) as session:
                if waiting:
                    log.info("broker_connected", address=address(url), connection=name)
                waiting = False
                opened_at = clock()
                await work(session)
        except BROKER_ERRORS as error:
            if clock() - opened_at > STABLE_SECONDS:
                backoff.reset()
            if not waiting:
                log.warning("waiting_for_broker", address=address(url), connection=name, reason=_reason(error))
            waiting = True
            await sleep_unless(stop, backoff.next())


async def underlay_of(channel: AbstractChannel) -> Channel:
    """Return the aiormq channel below aio-pika's, for functions that aio-pika slows down or hides."""
    underlay = await channel.get_underlay_channel()
    if not isinstance(underlay, Channel):
        raise TypeError(f"expected aio-pika on aiormq's channels, not {type(underlay)}")
    return underlay


def address(url: str) -> str:
    """Return host, port and virtual host of a URL, without the credentials."""
    target = URL(url)
    return f"{target.host}:{target.port or DEFAULT_PORTS[target.scheme]}{target.path if target.path != '/' else ''}"


async def _close(connection: AbstractConnection) -> None:
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
            await connection.close()
    except (TimeoutError, *BROKER_ERRORS) as error:
        # The broker does not answer; the socket is closed anyway.
        log.debug("broker_connection_not_closed", reason=_reason(error))


def _reason(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}" if error else "closed"
