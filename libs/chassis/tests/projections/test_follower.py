"""A copy is filled, completed and filled again while its producer goes on, whatever is killed or late."""

import asyncio

import pytest
from sqlalchemy import text

from chassis.health import Degraded
from chassis.persistence.database import Database
from chassis.projections.copied_rows import CopiedRow
from chassis.projections.state_table import State
from chassis.testing.running import eventually, running
from kernel.errors import Unavailable
from kernel.ids import new_id
from libs.chassis.tests.projections.people import SECONDS_MAX, People, another_process, change_in


@pytest.fixture
def people(database: Database) -> People:
    return People.of(database, limit=3)


async def state_of(people: People) -> State:
    return (await people.projection.state.look()).state(seconds_max=SECONDS_MAX)


async def test_a_new_copy_is_complete_before_it_is_live(people: People) -> None:
    await people.add(7)
    assert await state_of(people) is State.EMPTY
    with pytest.raises(Degraded, match="empty"):
        await people.projection.check()

    assert await people.projection.complete()

    assert await people.copied() == await people.produced()
    assert await state_of(people) is State.LIVE
    await people.projection.check()
    assert len(people.feed.asked) == 3


async def test_a_complete_copy_asks_for_the_changes_only(people: People) -> None:
    first, *_ = await people.add(7)
    await people.projection.complete()
    people.feed.asked.clear()
    await people.change(first, "suspended")

    await people.projection.complete()

    assert len(people.feed.asked) == 1
    assert (await people.copied())[first] == ("suspended", 2)


async def test_a_change_that_commits_late_is_not_lost(people: People, database: Database) -> None:
    """Its transaction began before others that the copy has already."""
    first, second = await people.add(2)
    async with database.engine.connect() as connection, connection.begin() as late:
        await change_in(connection, first, "suspended")
        await people.change(second, "suspended")
        for _ in range(2):
            await people.projection.complete()
            assert await people.copied() == {first: ("active", 1), second: ("suspended", 2)}
        await late.commit()

    await people.projection.complete()
    assert await people.copied() == await people.produced()


async def test_changes_during_a_fill_arrive_by_event_or_in_the_next_round(people: People) -> None:
    members = await people.add(9)

    async def change_meanwhile(page: int) -> None:
        if page <= len(members) // 2:
            await people.deliver(await people.change(members[page - 1], "suspended"))
            await people.change(members[-page], "closed")
            await people.add(1)

    people.feed.before_answer = change_meanwhile
    await people.projection.complete()
    people.feed.before_answer = None
    await people.projection.complete()

    assert await people.copied() == await people.produced()


async def test_a_round_follows_rows_that_change_again_meanwhile(people: People) -> None:
    """A row that was suspended before the round and changes during it must not end up with the state of before the suspension."""
    members = await people.add(3)
    await people.projection.complete()
    for member in members:
        await people.change(member, "suspended")

    async def change_again(page: int) -> None:
        if page <= 2:
            for member in members:
                await people.change(member, "closed")

    people.feed.asked.clear()
    people.feed.before_answer = change_again
    await people.projection.complete()
    assert "active" not in {status for status, _ in (await people.copied()).values()}


async def test_a_fill_goes_on_where_a_killed_process_was(people: People, database: Database) -> None:
    await people.add(8)

    async def die(page: int) -> None:
        if page == 2:
            raise asyncio.CancelledError

    people.feed.before_answer = die
    with pytest.raises(asyncio.CancelledError):
        await people.projection.complete()
    assert await state_of(people) is State.FILLING
    asked, people.feed.before_answer = list(people.feed.asked), None

    successor = another_process(database, people.feed)
    assert not await successor.complete(), "the killed process still has the lease"
    await let_the_lease_end(database)
    assert await successor.complete()

    # The page that was not recorded is read again, and none that was.
    assert people.feed.asked[2] == asked[1]
    assert len(people.feed.asked) == 4
    assert await people.copied() == await people.produced()


async def test_one_of_two_processes_reads_and_the_other_one_cannot_interfere(people: People, database: Database) -> None:
    await people.add(8)
    other = another_process(database, people.feed)

    async def lose_the_lease(page: int) -> None:
        if page == 2:
            people.feed.before_answer = None
            await let_the_lease_end(database)
            assert await other.complete()

    people.feed.before_answer = lose_the_lease
    assert not await people.projection.complete(), "its page of before must not be recorded"
    assert await people.copied() == await people.produced()
    assert await state_of(people) is State.LIVE


async def test_two_processes_at_once_give_one_copy(people: People, database: Database) -> None:
    await people.add(20)
    followers = [people.projection, *(another_process(database, people.feed) for _ in range(3))]
    assert sorted(await asyncio.gather(*(each.complete() for each in followers))) == [False, False, False, True]
    assert await people.copied() == await people.produced()
    assert len(people.feed.asked) == 7


async def test_a_copy_filled_again_loses_what_the_producer_does_not_have(people: People, database: Database) -> None:
    kept, *_ = await people.add(4)
    await people.projection.complete()
    stranger = new_id()
    await people.deliver(CopiedRow(stranger, 5, {"status": "active"}))
    await people.deliver(CopiedRow(kept, 99, {"status": "closed"}))

    await people.projection.state.fill_again()
    assert await state_of(people) is State.EMPTY
    assert await people.projection.complete()

    assert await people.copied() == await people.produced()
    assert stranger not in await people.copied()


async def test_a_fill_begun_again_in_the_middle_begins_at_the_beginning(people: People) -> None:
    await people.add(8)

    async def begin_again(page: int) -> None:
        if page == 2:
            await people.projection.state.fill_again()

    people.feed.before_answer = begin_again
    assert await people.projection.complete()
    assert people.feed.asked[2] == ""
    assert await people.copied() == await people.produced()


async def test_another_history_of_the_producer_begins_a_new_fill(people: People, database: Database) -> None:
    """As after a restored backup: versions that the copy has seen are not the producer's any more."""
    members = await people.add(4)
    await people.projection.complete()
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE projections SET cursor = 'restored' || cursor"))
        await connection.execute(text("UPDATE people SET version = 0, status = 'suspended'"))

    assert await people.projection.complete()

    assert await people.copied() == dict.fromkeys(members, ("suspended", 0))
    assert await state_of(people) is State.LIVE


async def test_a_late_event_does_not_bring_back_what_a_newer_one_ended(people: People) -> None:
    (person,) = await people.add(1)
    suspended = await people.change(person, "suspended")
    closed = await people.change(person, "closed")
    await people.projection.complete()
    for late in (suspended, closed, suspended):
        await people.deliver(late)
        assert await people.copied() == {person: ("closed", 3)}


async def test_an_event_without_a_version_changes_nothing(people: People) -> None:
    (person,) = await people.add(1)
    await people.projection.complete()
    await people.deliver(CopiedRow(person, 0, {"status": "closed"}))
    assert await people.copied() == {person: ("active", 1)}


async def test_what_does_not_count_as_a_change_is_not_read_again(people: People, database: Database) -> None:
    await people.add(2)
    await people.projection.complete()
    cursor = await restart(people)
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE people SET visits = visits + 1"))
    page = await people.feed.page(cursor)
    assert (page.rows, page.is_last) == ([], True)


async def test_a_producer_that_is_away_leaves_the_copy_as_it_is(people: People) -> None:
    await people.add(2)
    await people.projection.complete()
    people.feed.away = True
    with pytest.raises(Unavailable):
        await people.projection.complete()
    assert await people.copied() == await people.produced()
    condition = await people.projection.state.look()
    assert condition.state(seconds_max=0) is State.BEHIND


async def test_the_process_keeps_the_copy_until_it_stops_and_then_leaves_it_to_another(
    people: People, database: Database
) -> None:
    await people.add(4)
    people.feed.away = True
    people.projection.pause_seconds = 0.01
    async with running(people.projection.run):
        await eventually(lambda: len(people.feed.asked) > 1)
        people.feed.away = False

        async def has_all() -> bool:
            return await people.copied() == await people.produced()

        await eventually(has_all)
    assert await another_process(database, people.feed).complete()


async def let_the_lease_end(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE projections SET leased_until = clock_timestamp() - interval '1 second'"))


async def restart(people: People) -> str:
    async with people.database.read() as connection:
        return str(await connection.scalar(text("SELECT cursor FROM projections")))
