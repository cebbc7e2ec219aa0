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
from fastapi.responses import StreamingResponse
from sqlalchemy import text
from structlog.testing import capture_logs

from chassis.messaging.contracts import Publications
from chassis.persistence.database import Database
from chassis.persistence.idempotency_scope import IdempotencyScope
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork
from chassis.rest import Authenticated, CurrentActor, Envelope, IdempotencyStore, Public, RequestModel, Router, envelope, set_etag
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases
from chassis.testing.tokens import TokenForge
from kernel.actor import Actor, ActorKind
from kernel.assurance import NONE
from kernel.audit import AuditFact
from kernel.errors import DomainError, Kind, Unavailable
from kernel.ids import new_id
from kernel.reads import NOBODY

VERSIONS = Path(__file__).parent / "versions"


class Refused(DomainError):
    """No such thing may be."""

    kind: ClassVar[Kind] = Kind.REFUSED
    code: ClassVar[str] = "THG_001"


class ThingRequest(RequestModel):
    name: str
    note: str = ""


class Things:
    """A service in small. `gate` holds an endpoint up in mid-transaction, `misfortune` befalls it at a named point."""

    def __init__(self, uow: SqlUnitOfWork[SqlTransaction], database: Database) -> None:
        self.uow = uow
        self.database = database
        # How many things were committed when what follows each commit ran.
        self.followed: list[int] = []
        self.entered = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.misfortune: dict[str, Exception] = {}
        self.calls = 0

    def befall(self, point: str) -> None:
        if point in self.misfortune:
            raise self.misfortune[point]

    async def follow(self) -> None:
        self.followed.append(await count(self.database))

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
            tx.after_commit(self.follow)
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
    return Things(SqlUnitOfWork(database, SqlTransaction, Publications("things", {}), service="things"), database)


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
    router = Router("/things", assurance=NONE, reads=NOBODY)

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
        return Response(status_code=503)  # type: ignore[return-value]  # an answer that the endpoint has made by itself

    @router.post("/streamed", dependencies=[Authenticated])
    async def make_and_stream(body: ThingRequest, actor: CurrentActor) -> Envelope[str]:
        await things.make(actor, body.name)
        return StreamingResponse(iter(["made"]))  # type: ignore[return-value]  # as above

    return client_of(make_app(router, idempotency=IdempotencyStore(database, ControlledClock())))


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
    with capture_logs() as lines:
        first = await post()
        again = await post()
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    # All of them: etag, location, link and content-type are kept, the others are made anew or belong to the first.
    assert {"etag", "location", "link", "content-type"} < first.headers.keys()
    told, retold = dict(first.headers), dict(again.headers)
    assert told.pop("x-of-this-answer-alone") == "1"
    assert told.pop("x-request-id") != retold.pop("x-request-id")
    assert {**told, "idempotency-replayed": "true"} == retold
    assert [line.get("replayed") for line in lines if line["event"] == "request"] == [None, True]
    assert (things.calls, await count(database), await count(database, "outbox")) == (1, 1, 1)


async def test_an_answer_is_kept_under_its_owner_with_its_time(post: Post, forge: TokenForge, database: Database) -> None:
    owner = new_id()
    answer = await post(bearer=forge.token(owner))
    async with database.read() as connection:
        query = "SELECT owner, key, status, body, headers, created_at FROM idempotency_keys"
        (row,) = (await connection.execute(text(query))).all()
    headers = {name: answer.headers[name] for name in ("content-type", "etag", "location", "link")}
    assert tuple(row) == (f"user:{owner}", "key-1", 201, answer.content, headers, ControlledClock().now())


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b'{"name": "door"}', b'\n{ "name"\t:"d\\u006for" }'),
        (b'{"name": "door", "note": "red"}', b'{"note": "red", "name": "door"}'),
    ],
    ids=["spaces and escapes", "order of names"],
)
async def test_a_client_may_serialize_anew(post: Post, things: Things, first: bytes, again: bytes) -> None:
    await post(first)
    replay = await post(again)
    assert replay.headers["idempotency-replayed"] == "true"
    assert things.calls == 1


async def test_another_body_with_the_key_is_refused(post: Post, things: Things, database: Database) -> None:
    first = await post({"name": "door"})
    response = await post({"name": "gate"})
    assert (response.status_code, response.json()["code"]) == (422, "VAL_002")
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"
    assert (await count(database), await count(database, "outbox")) == (1, 1)
    assert (await post({"name": "door"})).content == first.content


async def test_another_route_with_the_key_is_refused(post: Post) -> None:
    await post()
    assert (await post(path="/nothing")).json()["code"] == "VAL_002"


async def test_without_a_key_each_request_has_its_effect(post: Post, database: Database) -> None:
    await post(key=None)
    await post(key=None)
    assert (await count(database), await count(database, "idempotency_keys")) == (2, 0)


def scope_of(
    *,
    method: str = "POST",
    path: str = "/a",
    query: bytes = b"",
    body: bytes = b'{"password": "x"}',
    actor: Actor | None = None,
    master_key: bytes | None = None,
) -> IdempotencyScope:
    """Make the scope of a request with the key "k"; nothing connects to the database."""
    store = IdempotencyStore(Database.connect("postgresql://nobody@127.0.0.1:1/none"), master_key=master_key)
    headers = [(b"idempotency-key", b"k")]
    request = Request({"type": "http", "method": method, "path": path, "query_string": query, "headers": headers})
    scope = store.scope_of(request, "/{template}", actor or Actor.anonymous(), body)
    assert scope
    return scope


def test_the_stored_hash_tells_nothing_without_the_key() -> None:
    hashes = {scope_of(master_key=master_key).request_hash for master_key in (None, b"1" * 32, b"2" * 32) for _ in range(2)}
    assert len(hashes) == 3


def test_requests_are_told_apart_by_method_path_query_and_body_however_they_are_cut() -> None:
    asked = [
        scope_of(),
        scope_of(method="PUT"),
        scope_of(path="/ab"),
        scope_of(query=b"b"),
        scope_of(body=b'{"password": "y"}'),
        scope_of(path="/ab", query=b"c"),
        scope_of(path="/a", query=b"bc"),
        scope_of(path="/abc"),
        scope_of(query=b"1", body=b"2"),
        scope_of(query=b"", body=b"12"),
    ]
    assert len({scope.request_hash for scope in asked}) == len(asked)


def test_a_key_is_owned_by_a_name_and_a_kind_or_else_by_the_route() -> None:
    subject = str(new_id())
    user, service = (Actor(kind=kind, subject_id=subject) for kind in (ActorKind.USER, ActorKind.SERVICE))
    assert [scope_of(actor=actor).owner for actor in (user, service)] == [f"user:{subject}", f"service:{subject}"]
    anonymous = {scope_of(actor=Actor.anonymous(ip=ip)).owner for ip in ("41.182.1.1", "41.182.1.2")}
    assert anonymous == {"anonymous:POST /{template}"}
    assert scope_of(method="PUT").owner == "anonymous:PUT /{template}"


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
    elsewhere = await post(path="/anonymous-too", bearer=None)
    assert (elsewhere.status_code, "idempotency-replayed" in elsewhere.headers) == (200, False)
    assert await count(database) == 2


@pytest.mark.parametrize("key", ["!", "~" * 255])
async def test_the_shortest_and_the_longest_key_are_kept(post: Post, database: Database, key: str) -> None:
    assert [(await post(key=key)).status_code for _ in range(2)] == [201, 201]
    assert (await count(database), await count(database, "idempotency_keys")) == (1, 1)


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
    assert (await count(database), await count(database, "idempotency_keys")) == (0, 0)
    things.gate.set()
    assert (await first).status_code == 201
    third = await post()
    assert third.content == first.result().content
    assert await count(database) == 1


async def test_the_same_key_of_another_owner_is_not_waited_for(
    post: Post, things: Things, forge: TokenForge, database: Database
) -> None:
    things.gate.clear()
    first = asyncio.ensure_future(post())
    await things.entered.wait()
    things.entered.clear()
    second, entered = asyncio.ensure_future(post(bearer=forge.token())), asyncio.ensure_future(things.entered.wait())
    done, _ = await asyncio.wait({second, entered}, return_when=asyncio.FIRST_COMPLETED)
    things.gate.set()
    assert done == {entered}
    assert [(await each).status_code for each in (first, second)] == [201, 201]
    assert await count(database) == 2


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


async def test_what_follows_a_commit_comes_after_it_with_a_key_and_without(post: Post, things: Things) -> None:
    await post()
    await post(key=None)
    # The answer is stored: there is no other commit.
    await post()
    assert things.followed == [1, 2]
    things.misfortune["after"] = Refused()
    await post(key="key-2")
    assert things.followed == [1, 2, 3]


@pytest.mark.parametrize("path", ["/failed", "/streamed", "/misshapen"])
async def test_nothing_follows_a_commit_that_does_not_happen(post: Post, things: Things, path: str) -> None:
    await post(path=path)
    things.misfortune["within"] = Refused()
    await post(key=None)
    assert (things.calls, things.followed) == (2, [])


async def test_an_answer_that_cannot_be_rendered_takes_its_effect_back(post: Post, database: Database) -> None:
    response = await post(path="/misshapen")
    assert (response.status_code, response.json()["code"]) == (500, "SRV_001")
    assert await count(database) == 0


@pytest.mark.parametrize(("path", "status"), [("/failed", 503), ("/streamed", 500)])
async def test_an_answer_that_is_not_kept_takes_its_effect_back(post: Post, database: Database, path: str, status: int) -> None:
    assert (await post(path=path)).status_code == status
    assert [await count(database, table) for table in ("things", "outbox", "idempotency_keys")] == [0, 0, 0]


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
