"""A repeated request gets its stored response even if its caller is no longer allowed; nothing else is disclosed."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Response
from sqlalchemy import text

from chassis.messaging.contracts import Publications
from chassis.persistence.database import Database
from chassis.persistence.idempotency_scope import OwnKeys
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork
from chassis.rest import (
    CurrentActor,
    Envelope,
    IdempotencyKey,
    IdempotencyStore,
    Public,
    RequestModel,
    Requires,
    Router,
    envelope,
    mark_replayed,
)
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases
from chassis.testing.stored import unchanged
from chassis.testing.tokens import TokenForge
from kernel.actor import Actor
from kernel.assurance import Assurance
from kernel.audit import AuditFact
from kernel.ids import new_id
from kernel.reads import NOBODY

VERSIONS = Path(__file__).parent / "versions"
STRONG = ("pwd", "otp", "mfa")


class ThingRequest(RequestModel):
    name: str


class Things:
    """A small service; an own key is the name of a thing."""

    def __init__(self, database: Database) -> None:
        self.uow = SqlUnitOfWork(database, SqlTransaction, Publications("things", {}), service="things")
        self.calls = 0

    async def make(self, actor: Actor, name: str) -> UUID:
        self.calls += 1
        async with self.uow.begin(actor) as tx:
            thing_id = new_id()
            await tx.session.execute(text("INSERT INTO things VALUES (:id, :name)"), {"id": thing_id, "name": name})
            action = "things.thing.make"
            tx.record(AuditFact(action=action, resource_type="thing", resource_id=str(thing_id), occurred_at=datetime.now(UTC)))
        return thing_id

    async def make_once(self, actor: Actor, key: str) -> tuple[UUID, bool]:
        async with self.uow.begin(actor) as tx:
            found: UUID | None = await tx.session.scalar(text("SELECT id FROM things WHERE name = :key"), {"key": key})
        if found:
            return found, True
        actor.require_admitted()
        return await self.make(actor, key), False


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    async with databases.create("things", VERSIONS) as urls:
        database = Database.connect(urls.app, pool_size=5)
        yield database
        await database.close()


@pytest.fixture
def things(database: Database) -> Things:
    return Things(database)


@pytest.fixture
def client(
    things: Things,
    database: Database,
    make_app: Callable[..., FastAPI],
    client_of: Callable[[FastAPI], httpx.AsyncClient],
) -> httpx.AsyncClient:
    router = Router("/things", assurance=Assurance.STRONG, reads=NOBODY)
    access = Requires("payment:create")

    @router.post("/kept", dependencies=[access])
    async def make_kept(body: ThingRequest, actor: CurrentActor) -> Envelope[str]:
        return envelope(str(await things.make(actor, body.name)))

    @router.post("/own", dependencies=[access], idempotency="own")
    async def make_own(body: ThingRequest, key: IdempotencyKey, actor: CurrentActor, response: Response) -> Envelope[str]:
        thing_id, replayed = await things.make_once(actor, key)
        if replayed:
            mark_replayed(response)
        return envelope(str(thing_id))

    @router.post("/careless", dependencies=[access], idempotency="own")
    async def make_carelessly(body: ThingRequest, key: IdempotencyKey, actor: CurrentActor, response: Response) -> Envelope[str]:
        mark_replayed(response)
        return envelope(str(await things.make(actor, key)))

    @router.post("/shown", dependencies=[access], idempotency="own")
    async def show(body: ThingRequest, key: IdempotencyKey) -> Envelope[str]:
        return envelope("a secret")

    @router.post("/unkept", dependencies=[access], idempotency=False)
    async def make_unkept(body: ThingRequest, actor: CurrentActor) -> Envelope[str]:
        return envelope(str(await things.make(actor, body.name)))

    @router.post("/anonymous", dependencies=[Public], assurance=Assurance.NONE)
    async def make_anonymously(body: ThingRequest, actor: CurrentActor) -> Envelope[str]:
        return envelope(str(await things.make(actor, body.name)))

    own = OwnKeys(text("SELECT EXISTS (SELECT FROM things WHERE name = :key AND :owner LIKE 'user:%')"), ("ours:",))
    return client_of(make_app(router, idempotency=IdempotencyStore(database, ControlledClock(), own=own)))


@pytest.fixture
def post(client: httpx.AsyncClient, forge: TokenForge) -> Callable[..., Any]:
    user_id = new_id()

    async def post(
        path: str,
        *,
        key: str | None = "k",
        body: Mapping[str, str] | None = None,
        roles: tuple[str, ...] = ("user",),
        methods: tuple[str, ...] = STRONG,
        by: UUID = user_id,
    ) -> httpx.Response:
        headers = forge.headers(by, roles=roles, methods=methods) | ({"Idempotency-Key": key} if key else {})
        return await client.post(f"/api/v1/things/{path}", json=body or {"name": "door"}, headers=headers)

    return post


def outcome(response: httpx.Response) -> tuple[int, str | None]:
    return response.status_code, response.json().get("code")


WEAKER = pytest.mark.parametrize(
    ("weaker", "refused"),
    [({"roles": ()}, (403, "ACC_001")), ({"methods": ("pwd",)}, (401, "AUTH_005"))],
    ids=["without the permission", "with one factor"],
)


@WEAKER
@pytest.mark.parametrize("path", ["kept", "own"])
async def test_a_caller_who_is_refused_now_gets_the_first_response(
    post: Callable[..., Any], things: Things, database: Database, path: str, weaker: dict[str, Any], refused: tuple[int, str]
) -> None:
    async with unchanged(database):
        assert outcome(await post(path, **weaker)) == refused
    first = await post(path)
    assert (first.status_code, things.calls) == (200, 1)
    async with unchanged(database):
        again = await post(path, **weaker)
        assert (again.status_code, again.json()["data"]) == (200, first.json()["data"])
        assert again.headers["idempotency-replayed"] == "true"
        for other in ({"key": None}, {"key": "another"}, {"body": {"name": 7}}, {"key": "ours:1"}):
            assert outcome(await post(path, **weaker, **other)) == refused
    assert things.calls == 1


@WEAKER
async def test_a_stored_response_is_returned_only_to_its_caller_for_that_request(
    post: Callable[..., Any], database: Database, weaker: dict[str, Any], refused: tuple[int, str]
) -> None:
    assert (await post("kept")).status_code == 200
    async with unchanged(database):
        for other in ({"by": new_id()}, {"body": {"name": "window"}}):
            assert outcome(await post("kept", **weaker, **other)) == refused


@WEAKER
@pytest.mark.parametrize("path", ["careless", "shown", "unkept"])
async def test_a_route_that_ignores_the_refusal_changes_and_discloses_nothing(
    post: Callable[..., Any], database: Database, path: str, weaker: dict[str, Any], refused: tuple[int, str]
) -> None:
    async with unchanged(database):
        assert outcome(await post(path, **weaker)) == refused


async def test_a_key_reserved_for_the_service_is_refused(post: Callable[..., Any], database: Database) -> None:
    assert (await post("own", key="mine")).status_code == 200
    async with unchanged(database):
        assert outcome(await post("kept", key="mine")) == (422, "VAL_002")
    assert (await post("kept", key="another")).status_code == 200


async def test_a_key_with_the_services_own_prefix_is_refused(post: Callable[..., Any], database: Database) -> None:
    async with unchanged(database):
        refused = await post("kept", key="ours:1")
    assert outcome(refused) == (422, "VAL_001")
    assert [error["field"] for error in refused.json()["errors"]] == ["Idempotency-Key"]


async def test_an_anonymous_caller_cannot_use_the_services_keys(client: httpx.AsyncClient, post: Callable[..., Any]) -> None:
    assert (await post("own", key="mine")).status_code == 200
    made = await client.post("/api/v1/things/anonymous", json={"name": "door"}, headers={"Idempotency-Key": "mine"})
    assert made.status_code == 200
