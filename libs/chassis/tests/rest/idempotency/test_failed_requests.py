"""Failed requests and their keys, with the real database and the real unit of work."""

import asyncio
from typing import ClassVar

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from kernel.errors import DomainError, Kind, Unavailable
from libs.chassis.tests.rest.idempotency.things import Post, Things, count


class Refused(DomainError):
    """This thing is not allowed."""

    kind: ClassVar[Kind] = Kind.REFUSED
    code: ClassVar[str] = "THG_001"


async def test_a_validation_failure_does_not_use_up_the_key(post: Post, database: Database) -> None:
    assert (await post({"nome": "door"})).status_code == 422
    assert (await post(b"{")).status_code == 422
    assert (await post({"name": "door"})).status_code == 201
    assert await count(database) == 1


@pytest.mark.parametrize("point", ["before", "within"])
@pytest.mark.parametrize("misfortune", [Unavailable(), Refused(), RuntimeError("broken")])
async def test_a_failure_does_not_use_up_the_key(
    post: Post, things: Things, database: Database, point: str, misfortune: Exception
) -> None:
    things.misfortune[point] = misfortune
    assert (await post()).status_code >= 409
    assert await count(database) == 0
    things.misfortune.clear()
    assert (await post()).status_code == 201
    assert await count(database) == 1


async def test_what_a_use_case_committed_before_it_refused_is_kept_as_without_a_key(
    post: Post, things: Things, database: Database
) -> None:
    things.misfortune["after"] = Refused()
    assert (await post()).json()["code"] == "THG_001"
    assert (await count(database), await count(database, "idempotency_keys")) == (1, 0)


async def test_work_after_a_commit_runs_after_it_with_and_without_a_key(post: Post, things: Things) -> None:
    await post()
    await post(key=None)
    # The response is stored: no other commit follows.
    await post()
    assert things.followed == [1, 2]
    things.misfortune["after"] = Refused()
    await post(key="key-2")
    assert things.followed == [1, 2, 3]


@pytest.mark.parametrize("path", ["/failed", "/streamed", "/misshapen"])
async def test_work_after_a_commit_does_not_run_without_the_commit(post: Post, things: Things, path: str) -> None:
    await post(path=path)
    things.misfortune["within"] = Refused()
    await post(key=None)
    assert (things.calls, things.followed) == (2, [])


async def test_a_response_that_cannot_be_rendered_rolls_back_its_effect(post: Post, database: Database) -> None:
    response = await post(path="/misshapen")
    assert (response.status_code, response.json()["code"]) == (500, "SRV_001")
    assert await count(database) == 0


@pytest.mark.parametrize(("path", "status"), [("/failed", 503), ("/streamed", 500)])
async def test_a_response_that_is_not_stored_rolls_back_its_effect(
    post: Post, database: Database, path: str, status: int
) -> None:
    assert (await post(path=path)).status_code == status
    assert [await count(database, table) for table in ("things", "outbox", "idempotency_keys")] == [0, 0, 0]


async def test_a_commit_that_fails_stores_no_response(post: Post, things: Things, database: Database) -> None:
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


async def test_two_transactions_in_one_request_with_a_key_are_a_defect(post: Post, database: Database) -> None:
    assert (await post(path="/twice", key=None)).status_code == 200
    assert (await post(path="/twice")).status_code == 500
    assert await count(database) == 2


async def test_nothing_is_stored_for_a_request_without_a_transaction(post: Post, things: Things, database: Database) -> None:
    assert (await post(path="/nothing")).status_code == 200
    assert (await post(path="/nothing")).status_code == 200
    assert (things.calls, await count(database, "idempotency_keys")) == (2, 0)
