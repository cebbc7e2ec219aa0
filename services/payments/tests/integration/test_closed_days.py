"""Schedules that follow the calendar, through time."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.business_time.day_overrides import DayOverride
from chassis.business_time.namibia import NAMIBIAN_TIME, namibian_calendar
from chassis.persistence.unit_of_work import SqlUnitOfWork
from kernel.business_time import BusinessCalendar
from kernel.ids import new_id
from payments.application.schedules.align_schedules import AlignSchedules
from payments.domain.schedule import Frequency, OnClosedDay
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from services.payments.tests.integration.planner import Killed, Planner
from services.payments.tests.usual import CALENDAR

NEXT, PREVIOUS = OnClosedDay.NEXT_BUSINESS_DAY, OnClosedDay.PREVIOUS_BUSINESS_DAY
# Friday 24 April, declared closed.
FRIDAY_CLOSED = namibian_calendar({date(2026, 4, 24): DayOverride(open=False, name="Day of national mourning")})


def day(text_: str, hour: int = 8) -> datetime:
    return datetime.fromisoformat(text_).replace(hour=hour, tzinfo=NAMIBIAN_TIME)


class Traveller(Planner):
    """A payer whose schedules are run and aligned at given times, by one calendar after another."""

    async def goes(self, at: datetime) -> float:
        """Go to a time, run both jobs, and return what the payee has."""
        self.pass_time(seconds=(at - self.clock.now()).total_seconds())
        await AlignSchedules(self.uow, self.run.calendar, self.clock)()
        await self.run()
        return await self.balance()

    def learns(self, calendar: BusinessCalendar) -> None:
        self.run = replace(self.run, calendar=calendar)

    async def plans(self, rule: OnClosedDay, starts_at: datetime, **changes: Any) -> UUID:
        order = self.order(starts_at=starts_at, on_closed_day=rule, **{"frequency": Frequency.ONCE, **changes})
        return (await self.plan(order, key=str(new_id()))).schedule.id


@pytest.fixture
async def traveller(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> Traveller:
    traveller = Traveller(uow)
    await traveller.open()
    return traveller


async def test_a_weekend_is_run_on_monday_and_each_occurrence_once(traveller: Traveller) -> None:
    id_ = await traveller.plans(NEXT, day("2026-04-17"), frequency=Frequency.DAILY, occurrences_max=4)
    balances = [await traveller.goes(day(f"2026-04-{number}", 9)) for number in (17, 18, 19, 20, 20, 21)]
    assert balances == [10, 10, 10, 40, 40, 40]
    assert (await traveller.read(id_)).succeeded == 4


async def test_the_business_day_before_easter_is_run_and_not_again_on_the_day(traveller: Traveller) -> None:
    traveller.pass_time(seconds=(day("2026-03-30") - traveller.clock.now()).total_seconds())
    await traveller.plans(PREVIOUS, day("2026-04-05"))
    assert [await traveller.goes(day(f"2026-04-0{number}", 9)) for number in (1, 2, 3, 5, 6)] == [0, 10, 10, 10, 10]


async def test_what_is_created_between_the_business_day_and_the_planned_day_is_not_missed(traveller: Traveller) -> None:
    assert await traveller.goes(day("2026-04-18", 9)) == 0
    await traveller.plans(PREVIOUS, day("2026-04-19"))
    assert await traveller.goes(day("2026-04-18", 10)) == 10
    assert await traveller.goes(day("2026-04-19", 9)) == 10


@pytest.mark.parametrize(("rule", "made"), [(NEXT, "2026-04-27"), (PREVIOUS, "2026-04-23")])
async def test_a_day_closed_at_short_notice_moves_what_has_not_run(traveller: Traveller, rule: OnClosedDay, made: str) -> None:
    moved = await traveller.plans(rule, day("2026-04-24"))
    stays = await traveller.plans(OnClosedDay.AS_PLANNED, day("2026-04-24"))
    past = await traveller.plans(rule, day("2026-04-20"))
    assert await traveller.goes(day("2026-04-22", 9)) == 10
    traveller.learns(FRIDAY_CLOSED)
    await traveller.goes(day("2026-04-22", 10))
    assert [(await traveller.read(one)).next_at for one in (moved, stays, past)] == [day(made), day("2026-04-24"), None]
    await traveller.goes(day(made, 9))
    assert (await traveller.read(moved)).succeeded == 1
    assert await traveller.goes(day("2026-04-28")) == 30


async def test_a_day_closed_on_the_day_itself_is_not_run_though_it_was_not_aligned(traveller: Traveller) -> None:
    id_ = await traveller.plans(NEXT, day("2026-04-24"))
    traveller.learns(FRIDAY_CLOSED)
    traveller.pass_time(seconds=(day("2026-04-24", 9) - traveller.clock.now()).total_seconds())
    assert await traveller.run() == 0
    assert (await traveller.read(id_)).next_at == day("2026-04-27")
    assert await traveller.goes(day("2026-04-27", 9)) == 10


async def test_a_process_that_was_killed_before_it_recorded_a_moved_occurrence_makes_it_once(traveller: Traveller) -> None:
    id_ = await traveller.plans(NEXT, day("2026-04-18"))
    traveller.pass_time(seconds=(day("2026-04-20", 9) - traveller.clock.now()).total_seconds())
    traveller.dies = True
    with pytest.raises(Killed):
        await traveller.run()
    # In between, the Monday on which it was made is declared closed: its key finds it when it is due again.
    traveller.learns(namibian_calendar({date(2026, 4, 20): DayOverride(open=False, name="State funeral")}))
    assert await traveller.goes(day("2026-04-20", 10)) == 10
    assert await traveller.goes(day("2026-04-21", 9)) == 10
    assert (await traveller.read(id_)).succeeded == 1


async def test_a_schedule_that_the_previous_release_ran_follows_the_calendar_again(traveller: Traveller) -> None:
    id_ = await traveller.plans(NEXT, day("2026-04-17"), frequency=Frequency.DAILY)
    async with traveller.uow.begin(traveller.actor, audited=False) as tx:
        # It writes the planned time, a Saturday, and knows neither the rule nor the calendar.
        statement = text("UPDATE schedules SET next_number = 1, next_at = :at, version = version + 1 WHERE id = :id")
        await tx.session.execute(statement, {"at": day("2026-04-18"), "id": id_})
    await AlignSchedules(traveller.uow, CALENDAR, traveller.clock)()
    assert (await traveller.read(id_)).next_at == day("2026-04-20")


async def test_alignment_writes_nothing_while_the_calendar_stays(traveller: Traveller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.application.schedules.align_schedules.BATCH", 2)
    planned = [await traveller.plans(NEXT, day("2026-04-24")) for _ in range(5)]
    stays = await traveller.plans(NEXT, day("2026-04-23"))
    aligned = AlignSchedules(traveller.uow, FRIDAY_CLOSED, traveller.clock)
    assert await aligned() == len(planned)
    async with traveller.uow.begin(traveller.actor) as tx:
        assert not await tx.schedules.unaligned(FRIDAY_CLOSED.edition, after=UUID(int=0), limit=9)
    versions = [(await traveller.read(one)).version for one in (*planned, stays)]
    assert (await aligned(), versions) == (0, [2, 2, 2, 2, 2, 1])
