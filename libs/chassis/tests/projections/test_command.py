"""The operator's command: list, rebuild and compare."""

import argparse
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.projections import comparison
from chassis.projections.command import DIFFERENT, FAILED, projections_command
from chassis.projections.copied_rows import CopiedRow
from chassis.projections.follower import Projection
from chassis.settings import ServiceSettings
from chassis.testing.running import running
from kernel.ids import new_id
from libs.chassis.tests.projections.people import People, another_process


@pytest.fixture
def people(database: Database, monkeypatch: pytest.MonkeyPatch) -> People:
    monkeypatch.setattr(comparison, "LOOK_EVERY_SECONDS", 0)
    return People.of(database, limit=3)


async def run(people: People, *arguments: str) -> int:
    @asynccontextmanager
    async def opened(_settings: ServiceSettings) -> AsyncIterator[tuple[Database, Mapping[str, Projection]]]:
        yield people.database, {"people": another_process(people.database, people.feed)}

    command = projections_command(opened)
    parser = argparse.ArgumentParser()
    command.configure(parser)
    return await command.run(ServiceSettings(), parser.parse_args(arguments))


async def test_each_copy_is_listed_with_its_state(people: People, capsys: pytest.CaptureFixture[str]) -> None:
    await people.add(4)
    assert await run(people, "list") == 0
    assert capsys.readouterr().out == "people  empty  never complete  0 rows\n"
    await people.projection.complete()
    assert await run(people, "list") == 0
    assert "people  live  complete as of " in (shown := capsys.readouterr().out)
    assert shown.endswith(" ago  4 rows\n")


async def test_a_rebuild_repairs_what_differs(people: People, capsys: pytest.CaptureFixture[str]) -> None:
    changed, *_ = await people.add(5)
    await people.projection.complete()
    await people.projection.leave()
    stranger = new_id()
    await people.deliver(CopiedRow(stranger, 2, {"status": "active"}))
    async with people.database.engine.begin() as connection:
        await connection.execute(text("UPDATE copied_people SET status = 'closed' WHERE person_id = :id"), {"id": changed})

    assert await run(people, "compare", "people") == DIFFERENT
    first, second, total = capsys.readouterr().out.splitlines()
    assert first == f"{changed}: producer version 1 status=active, copy version 1 status=closed"
    assert second == f"{stranger}: producer has no row, copy version 2 status=active"
    assert total == "people: 5 rows compared, 2 differ"

    assert await run(people, "rebuild", "people") == 0
    assert await people.copied() == await people.produced()
    capsys.readouterr()
    assert await run(people, "compare", "people") == 0
    assert capsys.readouterr().out == "people: 5 rows compared, 0 differ\n"


async def test_a_missing_row_is_a_difference(people: People, capsys: pytest.CaptureFixture[str]) -> None:
    await people.add(2)
    await people.projection.complete()
    async with people.database.engine.begin() as connection:
        await connection.execute(text("DELETE FROM copied_people"))
    assert await run(people, "compare", "people") == DIFFERENT
    assert capsys.readouterr().out.count("copy has no row") == 2


async def test_what_is_on_its_way_is_no_difference(people: People) -> None:
    first, *_ = await people.add(7)
    await people.projection.complete()

    async def change_meanwhile(page: int) -> None:
        people.feed.before_answer = None
        await people.change(first, "suspended")
        await people.projection.complete()

    people.feed.before_answer = change_meanwhile
    assert await run(people, "compare", "people") == 0


async def test_a_rebuild_waits_for_the_process_that_reads(people: People) -> None:
    await people.add(7)
    people.projection.pause_seconds = 0.01
    await people.projection.complete()
    async with running(people.projection.run):
        assert await run(people, "rebuild", "people") == 0
    assert await people.copied() == await people.produced()


async def test_a_producer_that_is_away_is_reported(people: People, capsys: pytest.CaptureFixture[str]) -> None:
    people.feed.away = True
    for action in ("rebuild", "compare"):
        assert await run(people, action, "people") == FAILED
        assert capsys.readouterr().err.startswith("Unavailable: ")
    assert await run(people, "rebuild", "wallets") == FAILED
    assert capsys.readouterr().err == "name one of the copies: people\n"
