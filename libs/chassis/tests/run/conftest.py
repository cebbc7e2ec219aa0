import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from chassis.testing.databases import Databases, DatabaseUrls

HERE = Path(__file__).parent


class Process:
    """A running `doors` process and its log lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, object]] = []
        self.text = ""
        self._grown = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.text += line.decode()
            if line.startswith(b"{"):
                self.lines.append(json.loads(line))
            self._grown.set()

    async def line(self, event: str, seconds: float = 120, *, number: int = 1, **fields: object) -> dict[str, object]:
        """Wait for a log line, the first such one unless told."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._grown.clear()
                    told = [line for line in self.lines if line["event"] == event and fields.items() <= line.items()]
                    if len(told) >= number:
                        return told[number - 1]
                    await self._grown.wait()
        except TimeoutError:
            raise AssertionError(f"no {event!r} line in\n{self.text}") from None

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    async def exit_code(self, seconds: float = 120) -> int:
        async with asyncio.timeout(seconds):
            code = await self.process.wait()
            await self._reader
        return code


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Awaitable[Process]]]:
    """Start `python doors.py <role>`, ended with the test."""
    async with AsyncExitStack() as stack:

        async def begin(*arguments: str, **settings: object) -> Process:
            environment = {**os.environ, "ELCORP_REST_PORT": "0", "ELCORP_GRPC_PORT": "0", "ELCORP_OPS_PORT": "0"}
            environment |= {f"ELCORP_{name.upper()}": str(value) for name, value in settings.items()}
            running = await asyncio.create_subprocess_exec(
                sys.executable,
                str(HERE / "doors.py"),
                *arguments,
                env=environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            process = Process(running)

            async def end() -> None:
                if running.returncode is None:
                    running.kill()
                await process.exit_code()

            stack.push_async_callback(end)
            return process

        yield begin


@pytest.fixture
async def urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("doors", HERE / "versions") as urls:
        yield urls


@pytest.fixture
def get():
    @asynccontextmanager
    async def fetch(port: object, path: str) -> AsyncIterator[aiohttp.ClientResponse]:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
            await response.read()
            yield response

    return fetch
