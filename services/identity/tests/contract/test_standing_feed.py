"""The feed of standings, from which payments keeps a copy."""

import asyncio

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.rpc import RemoteError
from chassis.testing.feeds import read_to_the_end
from elcorp.identity.v1 import identity_pb2
from kernel.errors import Kind
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.peers import Stub
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

REASON = {"reason": "Reported as stolen"}


async def register(api: Api, count: int) -> list[str]:
    return [
        (await api.register(email=f"{number}@example.na", phone=f"+26481123000{number}")).json()["data"]["id"]
        for number in range(count)
    ]


async def read(stub: Stub, cursor: str = "", *, limit: int = 2) -> tuple[dict[str, tuple[str, int]], str, int]:
    """Read a round; return the standings, where the next round begins, and the number of pages."""
    found: dict[str, tuple[str, int]] = {}
    restart, pages = "", 0
    while True:
        page = await stub.ListStandings(identity_pb2.ListStandingsRequest(cursor=cursor, limit=limit))
        pages += 1
        found |= {each.user_id: (each.status, each.version) for each in page.standings}
        cursor, restart = page.position.cursor, restart or page.position.restart
        if page.position.is_last:
            return found, restart, pages


async def to_the_end(stub: Stub, restart: str) -> str:
    return await read_to_the_end(lambda begin: read(stub, begin), restart)


async def versions(database: Database) -> dict[str, tuple[str, int]]:
    async with database.read() as connection:
        return {str(row.id): (row.status, row.version) for row in await connection.execute(text("SELECT * FROM users"))}


async def test_all_users_are_read_in_pages_and_then_only_changes(api: Api, stub: Stub, fakes: Fakes, database: Database) -> None:
    suspended, deleted, *_ = await register(api, 5)
    admin = await signed_in_as(api, fakes, "admin")
    found, restart, pages = await read(stub)
    assert (found, pages) == (await versions(database), 4)
    restart = await to_the_end(stub, restart)

    await api.post(f"/users/{suspended}/suspend", REASON, token=admin)
    await api.delete(f"/users/{deleted}?reason=asked", token=admin)
    changed, restart, _ = await read(stub, restart)
    assert changed == {suspended: ("suspended", 2), deleted: ("deleted", 2)}
    restart = await to_the_end(stub, restart)

    await api.post(f"/users/{suspended}/activate", REASON, token=admin)
    assert (await read(stub, restart))[0] == {suspended: ("active", 3)}


async def test_a_change_of_a_profile_is_no_change_of_the_standing(api: Api, stub: Stub, database: Database) -> None:
    await register(api, 1)
    restart = await to_the_end(stub, "")
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE users SET version = version + 1, last_sign_in_at = now()"))
    assert (await read(stub, restart))[0] == {}


async def test_a_suspension_that_commits_after_a_later_one_is_read_too(api: Api, stub: Stub, database: Database) -> None:
    first, second = await register(api, 2)
    restart = await to_the_end(stub, "")
    suspend = text("UPDATE users SET status = 'suspended', version = version + 1 WHERE id = :id")
    async with database.engine.connect() as connection, connection.begin() as late:
        await connection.execute(suspend, {"id": first})
        async with database.engine.begin() as other:
            await other.execute(suspend, {"id": second})
        found, restart, _ = await read(stub, restart)
        assert found == {second: ("suspended", 2)}
        await late.commit()
    found, *_ = await asyncio.wait_for(read(stub, restart), 60)
    assert found[first] == ("suspended", 2)


async def test_a_cursor_of_another_history_begins_again(api: Api, stub: Stub) -> None:
    await register(api, 1)
    _, restart, _ = await read(stub)
    history, _, rest = restart.partition(":")
    for cursor in (f"{history}0:{rest}", "of an earlier release", ":::"):
        page = await stub.ListStandings(identity_pb2.ListStandingsRequest(cursor=cursor, limit=2))
        assert (list(page.standings), page.position.is_reset, page.position.is_last) == ([], True, False)


@pytest.mark.parametrize(("cursor", "limit"), [("", 0), ("", 1001), ("x" * 201, 1)])
async def test_a_page_has_1_to_1000_rows(stub: Stub, cursor: str, limit: int) -> None:
    with pytest.raises(RemoteError) as refused:
        await stub.ListStandings(identity_pb2.ListStandingsRequest(cursor=cursor, limit=limit))
    assert refused.value.kind is Kind.INVALID
