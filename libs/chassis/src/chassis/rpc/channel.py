"""A channel under mutual TLS that uses renewed certificates without a restart."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import grpc
from grpc import aio

from chassis.rpc.material import Material
from chassis.rpc.tls import LOOK_EVERY_SECONDS, Tls

# How long a replaced channel stays open for its calls in progress: far longer than any call's deadline.
GRACE_SECONDS = 30.0


class RenewedChannel(aio.Channel):
    """A channel that switches to a new gRPC channel as soon as the files contain another certificate.

    A gRPC channel keeps the certificate that it was created with: Python has no credentials that reload files (grpc/grpc#41779).
    So a new channel replaces it, and the old one is closed after a grace period. Stubs are created once and keep their methods,
    so each call looks up the present channel.
    """

    def __init__(self, tls: Tls, connect: Callable[[Material], aio.Channel], *, grace_seconds: float = GRACE_SECONDS) -> None:
        self._tls = tls
        self._connect = connect
        self._grace_seconds = grace_seconds
        self._material = tls.material
        self._channel = connect(self._material)
        self._replaced: dict[aio.Channel, asyncio.Task[None]] = {}
        self._is_closed = False

    def current(self) -> aio.Channel:
        """Return the channel with the present certificate. Raises aio.UsageError after `close`, as gRPC's channels do."""
        if self._is_closed:
            # A channel opened after `close` would never be closed.
            raise aio.UsageError("Channel is closed.")
        material = self._tls.material
        if material is not self._material:
            replaced, self._channel, self._material = self._channel, self._connect(material), material
            self._replaced[replaced] = asyncio.create_task(self._retire(replaced), name="replaced-channel")
        return self._channel

    async def close(self, grace: float | None = None) -> None:
        self._is_closed = True
        replaced, self._replaced = self._replaced, {}
        for retiring in replaced.values():
            retiring.cancel()
        await asyncio.gather(*(channel.close(grace) for channel in (self._channel, *replaced)))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.close()

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        return grpc.ChannelConnectivity.SHUTDOWN if self._is_closed else self.current().get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        await self.current().wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Return after a successful handshake, which may need a certificate that is mounted meanwhile."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY_SECONDS):
                    return await self.current().channel_ready()
            except TimeoutError:
                continue

    def unary_unary(self, method: str, *arguments: Any, **options: Any) -> Any:
        return _Method(self, lambda channel: channel.unary_unary(method, *arguments, **options))

    def unary_stream(self, method: str, *arguments: Any, **options: Any) -> Any:
        return _Method(self, lambda channel: channel.unary_stream(method, *arguments, **options))

    def stream_unary(self, method: str, *arguments: Any, **options: Any) -> Any:
        return _Method(self, lambda channel: channel.stream_unary(method, *arguments, **options))

    def stream_stream(self, method: str, *arguments: Any, **options: Any) -> Any:
        return _Method(self, lambda channel: channel.stream_stream(method, *arguments, **options))

    async def _retire(self, replaced: aio.Channel) -> None:
        # Closing it at once would fail calls that were made but not sent yet.
        await asyncio.sleep(self._grace_seconds)
        await replaced.close(self._grace_seconds)
        del self._replaced[replaced]


class _Method:
    """A stub's method, called through the present channel."""

    def __init__(self, channel: RenewedChannel, of: Callable[[aio.Channel], Callable[..., Any]]) -> None:
        self._channel = channel
        self._of = of
        self._current = channel.current()
        self._call = of(self._current)

    def __call__(self, request: Any, **options: Any) -> Any:
        channel = self._channel.current()
        if channel is not self._current:
            self._current, self._call = channel, self._of(channel)
        return self._call(request, **options)
