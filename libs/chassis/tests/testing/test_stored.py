"""Comparison of everything that a database stores: differences are named."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.databases import Databases
from chassis.testing.stored import everything, unchanged, watch_refusals

VERSIONS = Path(__file__).parents[1] / "persistence" / "versions"


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    async with databases.create("doors", VERSIONS) as urls, databases.connect(urls.app, pool_size=2) as database:
        yield database


async def build(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("INSERT INTO doors VALUES (:id, true)"), {"id": uuid4()})


async def test_a_block_that_changes_nothing_passes(database: Database) -> None:
    await build(database)
    async with unchanged(database):
        assert len((await everything(database))["doors"]) == 1


async def test_new_removed_and_changed_rows_are_reported(database: Database) -> None:
    changes = ("INSERT INTO doors SELECT gen_random_uuid(), true", "UPDATE doors SET is_open = false", "DELETE FROM doors")
    await build(database)
    for change in changes:
        with pytest.raises(AssertionError, match="doors must not change"):
            async with unchanged(database), database.engine.begin() as connection:
                await connection.execute(text(change))
    async with unchanged(database, but=["doors"]):
        await build(database)


@pytest.mark.parametrize(
    ("method", "status", "code", "passes"),
    [
        ("POST", 409, "NOT_1", False),
        ("DELETE", 503, "NOT_1", False),
        ("POST", 409, "KEPT_1", True),
        ("POST", 201, "NOT_1", True),
        ("GET", 404, "NOT_1", True),
    ],
)
async def test_a_refused_write_that_leaves_data_behind_is_reported(
    database: Database, method: str, status: int, code: str, passes: bool
) -> None:
    async def answer(_request: httpx.Request) -> httpx.Response:
        await build(database)
        return httpx.Response(status, json={"code": code})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        watch_refusals(client, database, recorded={"KEPT_1": ("doors",)})
        if passes:
            assert (await client.request(method, "http://x/")).status_code == status
        else:
            with pytest.raises(AssertionError, match="doors must not change"):
                await client.request(method, "http://x/")
