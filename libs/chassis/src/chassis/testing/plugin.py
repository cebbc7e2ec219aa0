"""The pytest plugin: real PostgreSQL, RabbitMQ and Redis for every test, each test apart from the others.

The servers come from the environment (ELCORP_TEST_POSTGRES_URL, ELCORP_TEST_RABBITMQ_URL with
ELCORP_TEST_RABBITMQ_MANAGEMENT_URL, ELCORP_TEST_REDIS_URL), else `elcorp_local` starts private ones on free ports.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases


def pytest_configure() -> None:
    """Let an example take its time: how long it takes is the machine's affair."""
    from hypothesis import settings  # noqa: PLC0415  # the plugin loads in every pytest run; keep it light

    settings.register_profile("elcorp", deadline=None)
    settings.load_profile("elcorp")


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the backing services of this test session are."""

    postgres_url: str
    rabbitmq_url: str
    rabbitmq_management_url: str
    redis_url: str


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    names = ("POSTGRES_URL", "RABBITMQ_URL", "RABBITMQ_MANAGEMENT_URL", "REDIS_URL")
    given = [os.environ.get(f"ELCORP_TEST_{name}") for name in names]
    if all(given):
        yield Servers(*[url for url in given if url])
        return
    from elcorp_local.backing import start_backing  # noqa: PLC0415  # only where tests start their own servers

    with start_backing(tmp_path_factory.mktemp("backing"), fast=True) as backing:
        yield Servers(backing.postgres_url, backing.rabbitmq_url, backing.rabbitmq_management_url, backing.redis_url)


@pytest.fixture(scope="session")
def databases(servers: Servers) -> Iterator[Databases]:
    databases = Databases(servers.postgres_url)
    yield databases
    databases.close()


@pytest.fixture
def clock() -> ControlledClock:
    return ControlledClock()


@pytest.fixture(scope="session")
def broker_url(servers: Servers) -> Iterator[str]:
    from chassis.testing.broker import virtual_host  # noqa: PLC0415  # the plugin loads in every pytest run; keep it light

    with virtual_host(servers.rabbitmq_url, servers.rabbitmq_management_url) as url:
        yield url


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """One of Redis' numbered databases, emptied; sessions side by side rarely share one."""
    from redis import Redis  # noqa: PLC0415  # as above

    url = f"{servers.redis_url.rstrip('/').removesuffix('/0')}/{os.getpid() % 15 + 1}"
    with Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest_asyncio.fixture
async def fault_proxy() -> AsyncIterator[Callable[[str, int], Awaitable[object]]]:
    from chassis.testing.faults import FaultProxy  # noqa: PLC0415  # as above

    proxies: list[FaultProxy] = []

    async def start(host: str, port: int) -> FaultProxy:
        proxy = await FaultProxy.start(host, port)
        proxies.append(proxy)
        return proxy

    yield start
    for proxy in proxies:
        await proxy.close()
