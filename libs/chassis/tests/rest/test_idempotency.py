"""The same request again: one effect, one answer, on the real database and under the real unit of work."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Protocol
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy import text

from chassis.database import Database
from chassis.messaging.contracts import Publications
from chassis.rest import Authenticated, CurrentActor, Envelope, IdempotencyStore, Public, RequestModel, Router, envelope, set_etag
from chassis.testing.databases import Databases
from chassis.testing.tokens import TokenForge
from chassis.unit_of_work import SqlTransaction, SqlUnitOfWork
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.errors import DomainError, Kind, Unavailable
from kernel.ids import new_id

VERSIONS = Path(__file__).parent / "versions"


class Refused(DomainError):
    """No such thing may be."""

    kind: ClassVar[Kind] = Kind.REFUSED
    code: ClassVar[str] = "THG_001"


class ThingRequest(RequestModel):
    name: str


class Things:
    """A service in small. `gate` holds an endpoint up in mid-transaction, `misfortune` befalls it at a named point."""

    def __init__(self, uow: SqlUnitOfWork[SqlTransaction]) -> None:
        self.uow = uow
        self.entered = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.misfortune: dict[str, Exception] = {}
        self.calls = 0

    def befall(self, point: str) -> None:
        if point in self.misfortune:
            raise self.misfortune[point]

    async def make(self, actor: Actor, name: str) -> UUID:
        self.calls += 1
        self.befall("before")
        async with self.uow.begin(actor) as tx:
            thing_id = new_id()
            await tx.session.execute(text("INSERT INTO things VALUES (:id, :name)"), {"id": thing_id, "name": name})
            tx.record(
                AuditFact(
                    action="things.thing.make", resource_type="thing", resource_id=str(thing_id), occurred_at=datetime.now(UTC)
                )
            )
            self.entered.set()
            await self.gate.wait()
            self.befall("within")
        self.befall("after")
        return thing_id


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    async with databases.create("things", VERSIONS) as urls:
        database = Database.connect(urls.app, pool_size=8)
        yield database
        await database.close()


@pytest.fixture
def things(database: Database) -> Things:
    return Things(SqlUnitOfWork(database, SqlTransaction, Publications("things", {}), service="things"))


class Post(Protocol):
    async def __call__(
        self, body: object = None, *, key: str | None = "key-1", path: str = "", bearer: str | None = "…"
    ) -> httpx.Response: ...


@pytest.fixture
def client(
    things: Things,
    database: Database,
    make_app: Callable[..., FastAPI],
    client_of: Callable[[FastAPI], httpx.AsyncClient],
) -> httpx.AsyncClient:
    router = Router("/things")

    @router.post("", dependencies=[Authenticated], status_code=201)
    async def make_thing(body: ThingRequest, actor: CurrentActor, response: Response) -> Envelope[str]:
        thing_id = await things.make(actor, body.name)
        set_etag(response, 1)
        response.headers["location"] = f"/api/v1/things/{thing_id}"
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

    return client_of(make_app(router, idempotency=IdempotencyStore(database)))


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


async def count(database: Database, table: str = "things") -> int:
    async with database.read() as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def test_the_same_request_again_gets_the_stored_answer(post: Post, things: Things, database: Database) -> None:
    first = await post()
    again = await post()
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for header in ("etag", "location", "content-type"):
        assert again.headers[header] == first.headers[header]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert (things.calls, await count(database), await count(database, "outbox")) == (1, 1, 1)


async def test_a_client_may_serialize_anew(post: Post, things: Things) -> None:
    await post(b'{"name": "door"}')
    again = await post(b'\n{ "name"\t:"d\\u006for" }')
    assert again.headers["idempotency-replayed"] == "true"
    assert things.calls == 1


async def test_another_body_with_the_key_is_refused(post: Post, things: Things, database: Database) -> None:
    await post({"name": "door"})
    response = await post({"name": "gate"})
    assert (response.status_code, response.json()["code"]) == (422, "VAL_002")
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"
    assert await count(database) == 1


async def test_another_route_with_the_key_is_refused(post: Post) -> None:
    await post()
    assert (await post(path="/nothing")).json()["code"] == "VAL_002"


async def test_without_a_key_each_request_has_its_effect(post: Post, database: Database) -> None:
    await post(key=None)
    await post(key=None)
    assert (await count(database), await count(database, "idempotency_keys")) == (2, 0)


def test_the_stored_hash_tells_nothing_without_the_key(database: Database) -> None:
    def hash_of(master_key: bytes | None) -> bytes:
        request = Request(
            {"type": "http", "method": "POST", "path": "/a", "query_string": b"", "headers": [(b"idempotency-key", b"k")]}
        )
        scope = IdempotencyStore(database, master_key=master_key).scope_of(request, "/a", Actor.anonymous(), b'{"password": "x"}')
        assert scope
        return scope.request_hash

    assert hash_of(None) == hash_of(None)
    assert len({hash_of(None), hash_of(b"1" * 32), hash_of(b"2" * 32)}) == 3


async def test_a_key_belongs_to_its_owner(post: Post, forge: TokenForge, database: Database) -> None:
    await post()
    other = await post(bearer=forge.token())
    assert other.status_code == 201
    assert "idempotency-replayed" not in other.headers
    assert await count(database) == 2


async def test_anonymous_callers_share_the_route(post: Post, database: Database) -> None:
    first = await post(path="/anonymous", bearer=None)
    again = await post(path="/anonymous", bearer=None)
    assert again.content == first.content
    assert await count(database) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "käse".encode().decode("latin-1")])
async def test_a_key_that_is_none_is_refused(client: httpx.AsyncClient, forge: TokenForge, things: Things, key: str) -> None:
    headers = {
        **{name.encode(): value.encode() for name, value in forge.headers().items()},
        b"Idempotency-Key": key.encode("latin-1"),
    }
    response = await client.post("/api/v1/things", json={"name": "a"}, headers=headers)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert things.calls == 0


async def test_while_the_first_is_in_progress_the_second_is_told_to_wait(post: Post, things: Things, database: Database) -> None:
    things.gate.clear()
    first = asyncio.ensure_future(post())
    await things.entered.wait()
    second = await post()
    assert (second.status_code, second.json()["code"]) == (409, "RES_004")
    assert second.headers["retry-after"] == "1"
    things.gate.set()
    assert (await first).status_code == 201
    third = await post()
    assert third.content == first.result().content
    assert await count(database) == 1


async def test_fifty_at_once_have_one_effect(post: Post, database: Database) -> None:
    responses = await asyncio.gather(*(post() for _ in range(50)))
    assert {response.status_code for response in responses} <= {201, 409}
    assert len({response.content for response in responses if response.status_code == 201}) == 1
    assert (await count(database), await count(database, "outbox")) == (1, 1)


async def test_a_validation_failure_does_not_burn_the_key(post: Post, database: Database) -> None:
    assert (await post({"nome": "door"})).status_code == 422
    assert (await post(b"{")).status_code == 422
    assert (await post({"name": "door"})).status_code == 201
    assert await count(database) == 1


@pytest.mark.parametrize("point", ["before", "within"])
@pytest.mark.parametrize("misfortune", [Unavailable(), Refused(), RuntimeError("broken")])
async def test_a_failure_does_not_burn_the_key(
    post: Post, things: Things, database: Database, point: str, misfortune: Exception
) -> None:
    things.misfortune[point] = misfortune
    assert (await post()).status_code >= 409
    assert await count(database) == 0
    things.misfortune.clear()
    assert (await post()).status_code == 201
    assert await count(database) == 1


async def test_what_a_use_case_finished_before_it_refused_is_kept_as_without_a_key(
    post: Post, things: Things, database: Database
) -> None:
    things.misfortune["after"] = Refused()
    assert (await post()).json()["code"] == "THG_001"
    assert (await count(database), await count(database, "idempotency_keys")) == (1, 0)


async def test_an_answer_that_cannot_be_rendered_takes_its_effect_back(post: Post, database: Database) -> None:
    response = await post(path="/misshapen")
    assert (response.status_code, response.json()["code"]) == (500, "SRV_001")
    assert await count(database) == 0


async def test_a_commit_that_fails_stores_no_answer(post: Post, things: Things, database: Database) -> None:
    things.gate.clear()
    first = asyncio.ensure_future(post())
    await things.entered.wait()
    async with database.read() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND state LIKE 'idle in%'"
            )
        )
    things.gate.set()
    response = await first
    assert (response.status_code, response.json()["code"]) == (503, "SRV_002")
    assert "retry-after" in response.headers
    assert (await count(database), await count(database, "idempotency_keys")) == (0, 0)
    assert (await post()).status_code == 201


async def test_two_transactions_in_one_kept_request_are_a_defect(post: Post, database: Database) -> None:
    assert (await post(path="/twice", key=None)).status_code == 200
    assert (await post(path="/twice")).status_code == 500
    assert await count(database) == 2


async def test_nothing_is_stored_for_a_request_that_began_no_transaction(post: Post, things: Things, database: Database) -> None:
    assert (await post(path="/nothing")).status_code == 200
    assert (await post(path="/nothing")).status_code == 200
    assert (things.calls, await count(database, "idempotency_keys")) == (2, 0)


async def test_a_route_that_keeps_no_answers_ignores_the_key(post: Post, database: Database) -> None:
    await post(path="/unkept")
    await post(path="/unkept")
    assert (await count(database), await count(database, "idempotency_keys")) == (2, 0)
