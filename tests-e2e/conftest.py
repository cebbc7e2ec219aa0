"""The whole platform, once for all end-to-end tests that do not break it: real processes behind the gateway."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psycopg
import pytest
from collector import Collector, collecting
from journey import Api, Journey, Person
from platform_settings import TEST_SETTINGS

from chassis.testing.broker import virtual_host
from chassis.testing.running import eventually
from chassis.testing.servers import Servers
from elcorp_local.backing import Backing
from elcorp_local.platform import Platform

HERE = Path(__file__).parent
LAST = "test_generated_requests.py"
# One read of each service that only the administrator's roles permit.
FOR_ADMINISTRATORS = ("/users?reason=e2e", "/role-assignments?reason=e2e", "/ledger/trial-balance", "/audit/entries?reason=e2e")
kept = ExitStack()


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory, servers: Servers, collector: Collector) -> Iterator[Platform]:
    """Uses the servers of the whole run; tests that stop servers or kill processes have their own platform in `faults`."""
    rabbitmq_url = kept.enter_context(virtual_host(servers.rabbitmq_url, servers.rabbitmq_management_url))
    yield kept.enter_context(
        Platform.start(
            tmp_path_factory.mktemp("platform"),
            environment={**TEST_SETTINGS, "ELCORP_OTLP_ENDPOINT": collector.url},
            fast=True,
            backing=Backing(servers.postgres_url, rabbitmq_url, servers.rabbitmq_management_url, servers.redis_url),
        )
    )
    # The servers of the last test stop before the hook below runs.
    kept.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that leave random data behind the others that use this platform."""
    mine = [place for place, item in enumerate(items) if item.path.parent == HERE]
    in_order = sorted((items[place] for place in mine), key=lambda item: item.path.name == LAST)
    for place, item in zip(mine, in_order, strict=True):
        items[place] = item


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    # Not at the end of the session: its thirteen processes would take CPU time from the other tests.
    if nextitem is None or nextitem.path.parent != HERE:
        kept.close()


@pytest.fixture
async def client(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=platform.url, timeout=120, limits=httpx.Limits(max_connections=100)) as client:
        yield client


@pytest.fixture
def api(client: httpx.AsyncClient) -> Api:
    return Api(client)


@pytest.fixture
async def admin(platform: Platform, api: Api) -> Person:
    admin = Person("Administrator", email=platform.admin_email, password=platform.admin_password)
    await Journey(api, admin, print).administrator_signs_in()

    async def unsent() -> int:
        connection = await psycopg.AsyncConnection.connect(platform.database_url("governance"))
        async with connection:
            [(count,)] = await (await connection.execute("SELECT count(*) FROM outbox")).fetchall()
            return int(count)

    # A service that has received the first of the administrator's roles but not the next refuses what the next one allows.
    await eventually(unsent, 0)

    async def refused() -> list[str]:
        answers = {path: await api.call("GET", path, by=admin, expect=None) for path in FOR_ADMINISTRATORS}
        return [path for path, answer in answers.items() if answer["status"] != "success"]

    # The broker has the events; each service receives them in its own time.
    await eventually(refused, [])
    return admin


@pytest.fixture
def holder(api: Api, admin: Person) -> Callable[..., Awaitable[Person]]:
    """Create people with an open wallet and, if `funds` is given, money in it."""

    async def make(name: str = "Holder", *, funds: str | None = None) -> Person:
        return await Journey(api, admin, print).make_holder(name, funds=funds)

    return make
