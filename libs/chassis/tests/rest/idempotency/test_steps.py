"""Idempotent requests that take several transactions, with the real database and the real unit of work."""

import asyncio
from typing import ClassVar

import pytest

from chassis.persistence.database import Database
from kernel.errors import DomainError, Kind, Unavailable
from libs.chassis.tests.rest.idempotency.things import Post, Things, count

STEPS = "idempotency_steps"


class Refused(DomainError):
    """This thing is not allowed."""

    kind: ClassVar[Kind] = Kind.REFUSED
    code: ClassVar[str] = "THG_001"


async def counts(database: Database) -> tuple[int, int, int]:
    """Return the things, the bound keys and the stored responses."""
    return await count(database), await count(database, STEPS), await count(database, "idempotency_keys")


async def test_all_steps_happen_once_and_the_last_stores_the_response(post: Post, database: Database) -> None:
    first, second = await post(path="/steps"), await post(path="/steps")
    assert (first.status_code, second.content) == (200, first.content)
    assert ("idempotency-replayed" in first.headers, second.headers["idempotency-replayed"]) == (False, "true")
    assert await counts(database) == (2, 0, 1)


async def test_a_request_that_declares_no_steps_has_one_transaction(post: Post, database: Database) -> None:
    assert (await post(path="/twice")).status_code == 500
    assert await counts(database) == (0, 0, 0)


@pytest.mark.parametrize("misfortune", [RuntimeError("killed"), Unavailable(), Refused()], ids=["killed", "away", "refused"])
async def test_after_a_crash_between_two_steps_the_repetition_continues(
    post: Post, things: Things, database: Database, misfortune: Exception
) -> None:
    things.misfortune["second"] = misfortune
    broken = await post(path="/steps")
    # Nothing says that it succeeded.
    assert (broken.status_code >= 409, await counts(database)) == (True, (1, 1, 0))
    again = await post(path="/steps")
    assert (again.status_code, await counts(database)) == (broken.status_code, (1, 1, 0))
    things.misfortune.clear()
    done = await post(path="/steps")
    assert (done.status_code, "idempotency-replayed" in done.headers) == (200, False)
    assert (await post(path="/steps")).content == done.content
    assert await counts(database) == (2, 0, 1)


@pytest.mark.parametrize("point", ["before first", "first", "between"])
async def test_a_crash_before_the_first_commit_uses_up_nothing(
    post: Post, things: Things, database: Database, point: str
) -> None:
    things.misfortune[point] = RuntimeError("killed")
    assert (await post(path="/steps")).status_code == 500
    assert await counts(database) == (0, 0, 0)
    things.misfortune.clear()
    assert (await post({"name": "another"}, path="/steps")).status_code == 200


async def test_a_started_request_keeps_its_key_from_another_body(post: Post, things: Things, database: Database) -> None:
    things.misfortune["second"] = RuntimeError("killed")
    await post(path="/steps")
    things.misfortune.clear()
    other = await post({"name": "another"}, path="/steps")
    assert (other.status_code, other.json()["code"]) == (422, "VAL_002")
    assert await counts(database) == (1, 1, 0)
    assert (await post(path="/steps")).status_code == 200
    assert await counts(database) == (2, 0, 1)


async def test_while_a_step_runs_a_repetition_waits(post: Post, things: Things, database: Database) -> None:
    things.gate.clear()
    first = asyncio.ensure_future(post(path="/steps"))
    await things.entered.wait()
    second = await post(path="/steps")
    assert (second.status_code, second.json()["code"]) == (409, "RES_004")
    things.gate.set()
    assert (await first).status_code == 200
    assert await counts(database) == (2, 0, 1)


async def test_many_repetitions_at_once_have_one_effect(post: Post, database: Database) -> None:
    responses = await asyncio.gather(*(post(path="/steps") for _ in range(30)))
    assert {response.status_code for response in responses} <= {200, 409}
    assert len({response.content for response in responses if response.status_code == 200}) == 1
    assert await counts(database) == (2, 0, 1)
    assert await count(database, "outbox") == 2


async def test_many_continuations_at_once_have_one_effect(post: Post, things: Things, database: Database) -> None:
    things.misfortune["second"] = RuntimeError("killed")
    await post(path="/steps")
    things.misfortune.clear()
    responses = await asyncio.gather(*(post(path="/steps") for _ in range(30)))
    assert {response.status_code for response in responses} <= {200, 409}
    assert len({response.content for response in responses if response.status_code == 200}) == 1
    assert await counts(database) == (2, 0, 1)
    assert await count(database, "outbox") == 2
