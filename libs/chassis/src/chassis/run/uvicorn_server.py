"""Runs uvicorn as one task of a process that has its own event loop and signal handlers."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from chassis.listen import bind
from chassis.run.http_protocol import DrainableState, EnvelopeProtocol

CONNECTIONS_MAX = 4096
BACKLOG = 2048
# Longer than the gateway's idle timeout, so that the service never closes a connection under a request.
KEEP_ALIVE_SECONDS = 75
TICK_SECONDS = 1.0


class RestServer:
    """Serves an ASGI application; after `start`, `port` is the real port, also if 0 was requested.

    `setting` names the port's setting in the error for a port in use.
    """

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        *,
        grace_seconds: float,
        setting: str = "ELCORP_REST_PORT",
        protocol: type[asyncio.Protocol] = EnvelopeProtocol,
    ) -> None:
        self.port = port
        self._host = host
        self._setting = setting
        self._server = _Server(
            uvicorn.Config(
                app,
                http=protocol,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                backlog=BACKLOG,
                limit_concurrency=CONNECTIONS_MAX,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=max(1, round(grace_seconds)),
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self, process_stop: asyncio.Event) -> None:
        """Listen and serve; sets `process_stop` if the server ends by itself. Raises PortTakenError."""
        listener = bind(self._host, self.port, setting=self._setting)
        self.port = listener.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name="uvicorn")
        self._task.add_done_callback(lambda _task: process_stop.set())
        started = asyncio.create_task(self._server.listening.wait())
        await asyncio.wait({started, self._task}, return_when=asyncio.FIRST_COMPLETED)
        started.cancel()
        if self._task.done():
            await self._task

    def drain(self) -> None:
        """Keep serving, but close each connection after its next response, so that clients connect elsewhere before `stop`.

        `stop` could close an idle connection while a request is on its way.
        """
        self._server.server_state.draining = True

    async def stop(self) -> None:
        """Stop listening and let requests in progress finish, within the grace."""
        self._server.exit()
        if self._task:
            await self._task

    @property
    def failed(self) -> bool:
        """Whether the server ended before it was stopped."""
        return self._task is not None and self._task.done() and not self._server.should_exit


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.server_state: DrainableState = DrainableState()
        self.listening = asyncio.Event()
        self._exiting = asyncio.Event()

    def exit(self) -> None:
        self.should_exit = True
        self._exiting.set()

    async def main_loop(self) -> None:
        # uvicorn's loop wakes ten times per second to check whether to exit; the Date header needs only one.
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._exiting.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # The process has its own signal handlers, because it also stops other parts.
        yield
