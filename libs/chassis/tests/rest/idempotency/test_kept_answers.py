"""A repeated request gets the response that was stored for its key."""

import asyncio

import httpx
import pytest
from fastapi import Request
from sqlalchemy import text
from structlog.testing import capture_logs

from chassis.persistence.database import Database
from chassis.persistence.idempotency_scope import IdempotencyScope
from chassis.rest import IdempotencyStore
from chassis.testing.clocks import ControlledClock
from chassis.testing.tokens import TokenForge
from kernel.actor import Actor, ActorKind
from kernel.ids import new_id
from libs.chassis.tests.rest.idempotency.things import Post, Things, count


async def test_the_same_request_again_gets_the_stored_response(post: Post, things: Things, database: Database) -> None:
    with capture_logs() as lines:
        first = await post()
        again = await post()
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    # The stored headers are etag, location, link and content-type; the others are created again or belong to the first response.
    assert {"etag", "location", "link", "content-type"} < first.headers.keys()
    first_headers, again_headers = dict(first.headers), dict(again.headers)
    assert first_headers.pop("x-of-this-answer-alone") == "1"
    assert first_headers.pop("x-request-id") != again_headers.pop("x-request-id")
    assert {**first_headers, "idempotency-replayed": "true"} == again_headers
    assert [line.get("replayed") for line in lines if line["event"] == "request"] == [None, True]
    assert (things.calls, await count(database), await count(database, "outbox")) == (1, 1, 1)


async def test_a_response_is_stored_for_its_owner_with_its_time(post: Post, forge: TokenForge, database: Database) -> None:
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
async def test_a_client_may_serialize_the_body_differently(post: Post, things: Things, first: bytes, again: bytes) -> None:
    await post(first)
    replay = await post(again)
    assert replay.headers["idempotency-replayed"] == "true"
    assert things.calls == 1


async def test_another_body_with_the_same_key_is_refused(post: Post, things: Things, database: Database) -> None:
    first = await post({"name": "door"})
    response = await post({"name": "gate"})
    assert (response.status_code, response.json()["code"]) == (422, "VAL_002")
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"
    assert (await count(database), await count(database, "outbox")) == (1, 1)
    assert (await post({"name": "door"})).content == first.content


async def test_another_route_with_the_same_key_is_refused(post: Post) -> None:
    await post()
    assert (await post(path="/nothing")).json()["code"] == "VAL_002"


async def test_without_a_key_each_request_takes_effect(post: Post, database: Database) -> None:
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
    """Create the scope of a request with the key "k"; no database is connected."""
    store = IdempotencyStore(Database.connect("postgresql://nobody@127.0.0.1:1/none"), master_key=master_key)
    headers = [(b"idempotency-key", b"k")]
    request = Request({"type": "http", "method": method, "path": path, "query_string": query, "headers": headers})
    scope = store.scope_of(request, "/{template}", actor or Actor.anonymous(), body)
    assert scope
    return scope


def test_the_stored_hash_discloses_nothing_without_the_key() -> None:
    hashes = {scope_of(master_key=master_key).request_hash for master_key in (None, b"1" * 32, b"2" * 32) for _ in range(2)}
    assert len(hashes) == 3


def test_requests_differ_by_method_path_query_and_body_wherever_these_are_split() -> None:
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


def test_a_key_belongs_to_a_subject_and_its_kind_or_else_to_the_route() -> None:
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


async def test_a_key_belongs_to_the_organization_that_its_owner_acted_for(post: Post, forge: TokenForge, things: Things) -> None:
    owner, ours, theirs = new_id(), str(new_id()), str(new_id())
    answers = [await post(bearer=forge.token(owner, claims={"org": organization})) for organization in (ours, ours, theirs, None)]
    assert [answer.status_code for answer in answers] == [201, 201, 422, 422]
    assert [answer.json().get("code") for answer in answers[2:]] == ["VAL_002", "VAL_002"]
    assert "idempotency-replayed" in answers[1].headers
    assert things.calls == 1


async def test_anonymous_callers_share_a_routes_keys(post: Post, database: Database) -> None:
    first = await post(path="/anonymous", bearer=None)
    again = await post(path="/anonymous", bearer=None)
    assert again.content == first.content
    assert await count(database) == 1
    elsewhere = await post(path="/anonymous-too", bearer=None)
    assert (elsewhere.status_code, "idempotency-replayed" in elsewhere.headers) == (200, False)
    assert await count(database) == 2


@pytest.mark.parametrize("key", ["!", "~" * 255])
async def test_the_shortest_and_the_longest_key_are_accepted(post: Post, database: Database, key: str) -> None:
    assert [(await post(key=key)).status_code for _ in range(2)] == [201, 201]
    assert (await count(database), await count(database, "idempotency_keys")) == (1, 1)


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "käse".encode().decode("latin-1")])
async def test_an_invalid_key_is_refused(client: httpx.AsyncClient, forge: TokenForge, things: Things, key: str) -> None:
    headers = {
        **{name.encode(): value.encode() for name, value in forge.headers().items()},
        b"Idempotency-Key": key.encode("latin-1"),
    }
    response = await client.post("/api/v1/things", json={"name": "a"}, headers=headers)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert things.calls == 0


async def test_while_the_first_request_runs_the_second_gets_retry_after(post: Post, things: Things, database: Database) -> None:
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


async def test_the_same_key_of_another_owner_does_not_wait(
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


async def test_fifty_requests_at_once_have_one_effect(post: Post, database: Database) -> None:
    responses = await asyncio.gather(*(post() for _ in range(50)))
    assert {response.status_code for response in responses} <= {201, 409}
    assert len({response.content for response in responses if response.status_code == 201}) == 1
    assert (await count(database), await count(database, "outbox")) == (1, 1)


async def test_a_route_that_stores_no_responses_ignores_the_key(post: Post, database: Database) -> None:
    await post(path="/unkept")
    await post(path="/unkept")
    assert (await count(database), await count(database, "idempotency_keys")) == (2, 0)


async def test_a_file_is_compared_by_its_bytes_and_type(client: httpx.AsyncClient, things: Things, forge: TokenForge) -> None:
    signed_in = forge.headers(new_id())

    async def post(content: bytes, media_type: str = "text/csv") -> tuple[int, str | None, str | None]:
        headers = {**signed_in, "Idempotency-Key": "k", "Content-Type": media_type}
        answer = await client.post("/api/v1/things/file", content=content, headers=headers)
        return answer.status_code, answer.json().get("code"), answer.headers.get("idempotency-replayed")

    assert await post(b"a,b") == (200, None, None)
    assert await post(b"a,b") == (200, None, "true")
    assert await post(b"a,c") == (422, "VAL_002", None)
    assert await post(b"a,b", "text/plain") == (422, "VAL_002", None)
    # A file that is refused does not use up a key.
    assert await post(b"a\0b") == (422, "VAL_005", None)
    assert things.calls == 1
