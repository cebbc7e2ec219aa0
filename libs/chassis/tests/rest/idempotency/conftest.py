"""A small service, and requests to it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

from chassis.messaging.contracts import Publications
from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork
from chassis.rest import (
    Authenticated,
    CurrentActor,
    Envelope,
    IdempotencyStore,
    Public,
    Router,
    Takes,
    UploadedFile,
    envelope,
    set_etag,
)
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases
from chassis.testing.tokens import TokenForge
from kernel.assurance import NONE
from kernel.ids import new_id
from kernel.reads import NOBODY
from libs.chassis.tests.rest.idempotency.things import Post, ThingRequest, Things

VERSIONS = Path(__file__).parents[1] / "versions"


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    async with databases.create("things", VERSIONS) as urls:
        database = Database.connect(urls.app, pool_size=8)
        yield database
        await database.close()


@pytest.fixture
def things(database: Database) -> Things:
    return Things(SqlUnitOfWork(database, SqlTransaction, Publications("things", {}), service="things"), database)


def _take_files(router: Router, things: Things) -> None:
    @router.post("/file", dependencies=[Authenticated], takes=Takes(media_types=["text/csv", "text/plain"], bytes_max=1000))
    async def make_of_file(upload: UploadedFile, actor: CurrentActor) -> Envelope[str]:
        return envelope(str(await things.make(actor, upload.read().decode())))


@pytest.fixture
def client(
    things: Things,
    database: Database,
    make_app: Callable[..., FastAPI],
    client_of: Callable[[FastAPI], httpx.AsyncClient],
) -> httpx.AsyncClient:
    router = Router("/things", assurance=NONE, reads=NOBODY)
    _take_files(router, things)

    @router.post("", dependencies=[Authenticated], status_code=201)
    async def make_thing(body: ThingRequest, actor: CurrentActor, response: Response) -> Envelope[str]:
        thing_id = await things.make(actor, body.name)
        set_etag(response, 1)
        response.headers["location"] = f"/api/v1/things/{thing_id}"
        response.headers["link"] = '</api/v1/things>; rel="collection"'
        response.headers["x-of-this-answer-alone"] = "1"
        return envelope(str(thing_id))

    @router.post("/twice", dependencies=[Authenticated])
    async def make_two(body: ThingRequest, actor: CurrentActor) -> Envelope[str]:
        await things.make(actor, body.name)
        return envelope(str(await things.make(actor, body.name)))

    @router.post("/misshapen", dependencies=[Authenticated])
    async def make_misshapen(body: ThingRequest, actor: CurrentActor) -> Envelope[int]:
        return envelope(await things.make(actor, body.name))  # type: ignore[arg-type]

    @router.post("/nothing", dependencies=[Authenticated])
    async def make_nothing(body: ThingRequest) -> Envelope[str]:
        things.calls += 1
        return envelope(str(new_id()))

    @router.post("/unkept", dependencies=[Authenticated], idempotency=False)
    async def make_unkept(body: ThingRequest, actor: CurrentActor) -> Envelope[str]:
        return envelope(str(await things.make(actor, body.name)))

    @router.post("/anonymous", dependencies=[Public])
    async def make_anonymously(body: ThingRequest, actor: CurrentActor) -> Envelope[str]:
        return envelope(str(await things.make(actor, body.name)))

    @router.post("/anonymous-too", dependencies=[Public])
    async def make_anonymously_too(body: ThingRequest, actor: CurrentActor) -> Envelope[str]:
        return envelope(str(await things.make(actor, body.name)))

    @router.post("/failed", dependencies=[Authenticated])
    async def make_and_fail(body: ThingRequest, actor: CurrentActor) -> Envelope[str]:
        await things.make(actor, body.name)
        return Response(status_code=503)  # type: ignore[return-value]  # a response that the endpoint made itself

    @router.post("/streamed", dependencies=[Authenticated])
    async def make_and_stream(body: ThingRequest, actor: CurrentActor) -> Envelope[str]:
        await things.make(actor, body.name)
        return StreamingResponse(iter(["made"]))  # type: ignore[return-value]  # as above

    _add_steps(router, things)
    return client_of(make_app(router, idempotency=IdempotencyStore(database, ControlledClock())))


def _add_steps(router: Router, things: Things) -> None:
    @router.post("/steps", dependencies=[Authenticated], idempotency="steps")
    async def make_in_steps(body: ThingRequest, actor: CurrentActor) -> Envelope[str]:
        await things.make_once(actor, f"{body.name}, asked", point="first")
        things.befall("between")
        return envelope(str(await things.make_once(actor, f"{body.name}, done", point="second")))


@pytest.fixture
def post(client: httpx.AsyncClient, forge: TokenForge) -> Post:
    token = forge.token()

    async def post(
        body: object = None, *, key: str | None = "key-1", path: str = "", bearer: str | None = token
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key is not None else {}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        if isinstance(body, bytes):
            return await client.post(
                f"/api/v1/things{path}", content=body, headers=headers | {"Content-Type": "application/json"}
            )
        return await client.post(f"/api/v1/things{path}", json=body or {"name": "door"}, headers=headers)

    return post
