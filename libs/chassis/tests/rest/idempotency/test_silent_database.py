"""Requests to a database that is silent: 503 while it is silent, and one effect however often the key is sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event

from chassis.messaging.contracts import Publications
from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork
from chassis.rest import Authenticated, CurrentActor, Envelope, IdempotencyStore, Router, envelope
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.faults import FaultProxy
from chassis.testing.running import endpoint, eventually, through
from chassis.testing.tokens import TokenForge
from kernel.assurance import NONE
from libs.chassis.tests.rest.idempotency.conftest import VERSIONS
from libs.chassis.tests.rest.idempotency.things import ThingRequest, Things, count

POOL_SIZE = 2


@pytest.fixture
async def urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("things", VERSIONS) as urls:
        yield urls


@pytest.fixture
async def database(urls: DatabaseUrls) -> AsyncIterator[Database]:
    """The database itself, to look at effects."""
    database = Database.connect(urls.app, pool_size=1)
    yield database
    await database.close()


@pytest.fixture
async def proxy(urls: DatabaseUrls, fault_proxy: Callable[[str, int], Awaitable[FaultProxy]]) -> FaultProxy:
    return await fault_proxy(*endpoint(urls.app))


@pytest.fixture
async def behind(urls: DatabaseUrls, proxy: FaultProxy) -> AsyncIterator[Database]:
    database = Database.connect(through(urls.app, proxy.port), pool_size=POOL_SIZE)
    yield database
    await database.close()


@pytest.fixture
def app_within(behind: Database, make_app: Callable[..., FastAPI]) -> Callable[[float], FastAPI]:
    """The app behind the proxy, whose requests may take some seconds."""
    things = Things(SqlUnitOfWork(behind, SqlTransaction, Publications("things", {}), service="things"), behind)
    router = Router("/things", assurance=NONE)

    @router.post("", dependencies=[Authenticated], status_code=201)
    async def make_thing(body: ThingRequest, actor: CurrentActor) -> Envelope[str]:
        return envelope(str(await things.make(actor, body.name)))

    return lambda seconds: make_app(router, idempotency=IdempotencyStore(behind), request_seconds=seconds)


@pytest.fixture
def post(
    app_within: Callable[[float], FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient], forge: TokenForge
) -> Callable[..., Awaitable[httpx.Response]]:
    quick, patient = (client_of(app_within(seconds)) for seconds in (0.5, 60))
    bearer = {"Authorization": f"Bearer {forge.token()}"}

    async def post(*, key: str = "key-1", is_quick: bool = False) -> httpx.Response:
        client = quick if is_quick else patient
        return await client.post("/api/v1/things", json={"name": "door"}, headers=bearer | {"Idempotency-Key": key})

    return post


def is_unavailable(response: httpx.Response) -> bool:
    body = response.json()
    return (response.status_code, body["code"]) == (503, "SRV_002") and int(response.headers["Retry-After"]) > 0


async def test_requests_are_answered_while_the_database_is_silent(post, proxy, database):
    assert (await post(key="before")).status_code == 201
    proxy.blackhole()
    # More requests than connections: some wait for one, and some for a new one.
    answers = await asyncio.gather(*(post(key=f"key-{n}", is_quick=True) for n in range(2 * POOL_SIZE)))
    assert all(is_unavailable(answer) for answer in answers)
    await proxy.heal()
    assert (await post(key="key-0")).status_code == 201
    assert await count(database) == 2


async def test_a_commit_whose_answer_is_lost_takes_effect_once(post, proxy, behind, database):
    sent = asyncio.Event()

    def lose_answers(_connection: object) -> None:
        proxy.blackhole(replies_only=True)
        sent.set()

    event.listen(behind.engine.sync_engine, "commit", lose_answers)
    # Nothing tells the service of the commit. On a slow machine, a request may also end before it commits.
    while not sent.is_set():
        assert is_unavailable(await post(is_quick=True))

    async def committed() -> bool:
        return await count(database) == 1

    await eventually(committed)
    event.remove(behind.engine.sync_engine, "commit", lose_answers)
    await proxy.heal()
    again = await post()
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert (await count(database), await count(database, "idempotency_keys")) == (1, 1)
