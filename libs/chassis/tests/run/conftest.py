import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.processes import LoggingProcess, started

HERE = Path(__file__).parent


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Awaitable[LoggingProcess]]]:
    """Start `python doors.py <role>`; it is ended with the test."""
    async with AsyncExitStack() as stack:

        async def begin(*arguments: str, **settings: object) -> LoggingProcess:
            environment = {**os.environ, "ELCORP_REST_PORT": "0", "ELCORP_GRPC_PORT": "0", "ELCORP_OPS_PORT": "0"}
            environment |= {f"ELCORP_{name.upper()}": str(value) for name, value in settings.items()}
            return await stack.enter_async_context(started([sys.executable, str(HERE / "doors.py"), *arguments], environment))

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
