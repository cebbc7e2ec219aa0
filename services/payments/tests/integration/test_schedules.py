"""Schedules in PostgreSQL: created, run and interrupted."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from chassis.persistence.unit_of_work import SqlUnitOfWork
from kernel.actor import Actor, ActorKind
from kernel.errors import KeyReused, Kind, NotFound
from kernel.ids import new_id
from kernel.money import CurrencyMismatch
from payments.application.schedules.run_schedules import RunSchedules
from payments.application.transfers.batch import Outcome
from payments.application.transfers.post_transfers import QueuedRequest
from payments.domain.approval import ApprovalRules
from payments.domain.errors import NotTheOwner, SignatureRequired, TooManySchedules
from payments.domain.schedule import Frequency
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from services.payments.tests.approvals import approval_from
from services.payments.tests.fakes.approvals import unable, unavailable
from services.payments.tests.fakes.rules import NoRules
from services.payments.tests.integration.planner import Killed, Planner
from services.payments.tests.units_of_work import Meanwhile
from services.payments.tests.usual import CALENDAR


@pytest.fixture
async def planner(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> Planner:
    return await Planner(uow).open()


async def test_nothing_is_due_before_its_time_and_each_occurrence_is_made_once(planner: Planner) -> None:
    made = (await planner.plan(planner.order(occurrences_max=2))).schedule
    assert await planner.run() == 0
    planner.pass_time(hours=1)
    assert (await planner.run(), await planner.run()) == (1, 0)
    assert await planner.balance() == 10
    planner.pass_time(days=1)
    assert await planner.run() == 1
    read = await planner.read(made.id)
    assert (read.status.value, read.succeeded, read.failed, await planner.balance()) == ("ended", 2, 0, 20)


async def test_a_refused_occurrence_is_recorded_and_the_next_is_tried(planner: Planner) -> None:
    made = (await planner.plan(planner.order("60.00"))).schedule
    planner.pass_time(days=1, hours=1)
    assert await planner.run() == 2
    read = await planner.read(made.id)
    assert (read.succeeded, read.failed, read.last_code, read.next_number) == (1, 1, "PAY_001", 2)


async def test_a_run_killed_between_the_transfer_and_its_record_makes_nothing_twice(planner: Planner) -> None:
    made = (await planner.plan(planner.order())).schedule
    planner.pass_time(hours=1)
    planner.dies = True
    with pytest.raises(Killed):
        await planner.run()
    assert (await planner.balance(), (await planner.read(made.id)).succeeded) == (10, 0)
    assert await planner.run() == 1
    assert (await planner.balance(), (await planner.read(made.id)).succeeded) == (10, 1)


async def test_occurrences_missed_in_an_outage_are_made_later(planner: Planner) -> None:
    await planner.plan(planner.order())
    planner.pass_time(days=2, hours=1)
    assert await planner.run() == 3
    assert await planner.balance() == 30


async def test_occurrences_during_a_pause_are_not_made(planner: Planner) -> None:
    made = (await planner.plan(planner.order())).schedule
    await planner.pause_schedule(actor=planner.actor, schedule_id=made.id)
    planner.pass_time(days=2, hours=2)
    assert await planner.run() == 0
    resumed = await planner.resume_schedule(actor=planner.actor, schedule_id=made.id)
    assert resumed.next_number == 3
    assert await planner.run() == 0
    await planner.cancel_schedule(actor=planner.actor, schedule_id=made.id, reason="moved out")
    planner.pass_time(days=2)
    assert (await planner.run(), await planner.balance()) == (0, 0)
    stranger = Actor(kind=ActorKind.USER, subject_id=str(new_id()))
    with pytest.raises(NotFound):
        await planner.pause_schedule(actor=stranger, schedule_id=made.id)


async def test_the_same_key_returns_the_same_schedule_even_after_its_start(planner: Planner) -> None:
    order = planner.order()
    first = await planner.plan(order)
    planner.pass_time(days=1)
    again = await planner.plan(order)
    assert (again.schedule.id, again.replayed, first.replayed) == (first.schedule.id, True, False)
    with pytest.raises(KeyReused):
        await planner.plan(planner.order("11.00"))


async def test_an_order_that_a_transfer_would_refuse_is_not_scheduled(planner: Planner) -> None:
    with pytest.raises(NotTheOwner):
        await planner.plan(planner.order(), actor=Actor(kind=ActorKind.USER, subject_id=str(new_id())))
    with pytest.raises(NotFound):
        await planner.plan(planner.order(target_id=new_id()))
    with pytest.raises(CurrencyMismatch):
        await planner.plan(planner.order(currency="ELC"))
    with pytest.raises(SignatureRequired):
        await planner.plan(planner.order("1000.01"))


async def test_the_number_of_schedules_of_a_payer_is_limited(planner: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.application.schedules.plan_transfer.SCHEDULES_OPEN_MAX", 2)
    for n in range(2):
        await planner.plan(planner.order(), key=f"{n}")
    with pytest.raises(TooManySchedules):
        await planner.plan(planner.order(), key="2")


async def test_an_occurrence_that_breaks_the_batch_does_not_delay_the_others(planner: Planner) -> None:
    made = [(await planner.plan(planner.order(f"{n}.00"), key=f"{n}")).schedule for n in (1, 2, 3)]

    async def breaks(waiting: Sequence[QueuedRequest]) -> Sequence[Outcome]:
        if any(one.request.orders[0].amount.text == "2.00" for one in waiting):
            raise ArithmeticError
        return await planner.post(waiting)

    planner.pass_time(hours=1)
    run = RunSchedules(planner.uow, breaks, NoRules(), planner.authority, planner.clock, CALENDAR)
    with pytest.raises(ExceptionGroup):
        await run()
    assert [(await planner.read(one.id)).succeeded for one in made] == [1, 0, 1]
    assert await planner.balance() == 4


@pytest.mark.parametrize("meanwhile", ["run", "cancelled"])
async def test_an_occurrence_recorded_or_cancelled_meanwhile_is_not_recorded_again(planner: Planner, meanwhile: str) -> None:
    made = (await planner.plan(planner.order())).schedule
    planner.pass_time(hours=1)

    async def happens() -> None:
        if meanwhile == "run":
            assert await planner.run() == 1
        else:
            await planner.cancel_schedule(actor=planner.actor, schedule_id=made.id, reason="moved out")

    await RunSchedules(Meanwhile(planner.uow, happens), planner.post, NoRules(), planner.authority, planner.clock, CALENDAR)()
    read = await planner.read(made.id)
    # What was made before the cancellation is kept.
    expected = ("active", 1, 1) if meanwhile == "run" else ("cancelled", 0, 0)
    assert (read.status.value, read.succeeded, read.next_number, await planner.balance()) == (*expected, 10)


async def test_while_compliance_is_away_no_occurrence_is_refused(planner: Planner) -> None:
    made = (await planner.plan(planner.order())).schedule
    planner.pass_time(hours=1)
    planner.screening.away = True
    assert await planner.run() == 0
    standing = await planner.read(made.id)
    assert (standing.failed, standing.next_number) == (0, 0)
    planner.screening.away = False
    assert await planner.run() == 1
    assert (await planner.read(made.id)).failed == 0


async def test_stale_approval_rules_refuse_nothing(planner: Planner) -> None:
    held_up = (await planner.plan(planner.order("60.00"), key="large")).schedule
    made = (await planner.plan(planner.order("1.00"), key="small")).schedule
    planner.pass_time(hours=1)
    planner.prices.rules = approval_from("50", unavailable)
    assert await planner.run() == 1
    standing = [await planner.read(one.id) for one in (held_up, made)]
    assert [(one.succeeded, one.failed, one.next_number) for one in standing] == [(0, 0, 0), (1, 0, 1)]
    planner.prices.rules = ApprovalRules()
    assert await planner.run() == 1
    assert await planner.balance() == 61


@pytest.mark.parametrize("kind", [Kind.INTERNAL, Kind.EXHAUSTED])
async def test_an_occurrence_that_a_peer_cannot_serve_now_is_made_at_the_next_run(planner: Planner, kind: Kind) -> None:
    held_up = (await planner.plan(planner.order("60.00"), key="large")).schedule
    made = (await planner.plan(planner.order("1.00"), key="small")).schedule
    planner.pass_time(hours=1)
    planner.prices.rules = approval_from("50", unable(kind))

    assert await planner.run() == 1

    standing = [await planner.read(one.id) for one in (held_up, made)]
    assert [(one.succeeded, one.failed, one.last_code, one.next_number) for one in standing] == [(0, 0, None, 0), (1, 0, None, 1)]
    planner.prices.rules = ApprovalRules()
    assert await planner.run() == 1
    assert await planner.balance() == 61


async def test_rules_are_refreshed_before_every_batch(planner: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    class Rules:
        async def refresh(self) -> None:
            steps.append("rules")

    async def post(waiting: Sequence[QueuedRequest]) -> Sequence[Outcome]:
        steps.append("post")
        return await planner.post(waiting)

    for n in range(3):
        await planner.plan(planner.order("1.00", frequency=Frequency.ONCE), key=f"{n}")
    monkeypatch.setattr("payments.application.schedules.run_schedules.BATCH", 2)
    run = RunSchedules(planner.uow, post, Rules(), planner.authority, planner.clock, CALENDAR)
    assert (await run(), steps) == (0, [])
    planner.pass_time(hours=1)
    assert (await run(), steps) == (3, ["rules", "post", "rules", "post"])


async def test_the_occurrence_that_is_due_the_longest_is_made_first(planner: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    now = planner.clock.now()
    starts = [now + timedelta(hours=hours) for hours in (3, 1, 2)]
    made = [
        (await planner.plan(planner.order(starts_at=at, frequency=Frequency.ONCE), key=f"{n}")).schedule
        for n, at in enumerate(starts)
    ]
    planner.pass_time(hours=2)
    async with planner.uow.begin(planner.actor) as tx:
        due = [one.id for one, _ in await tx.schedules.due(planner.clock.now(), limit=9)]
        first = [one.id for one, _ in await tx.schedules.due(planner.clock.now(), limit=1)]
    # Due exactly now, and not one of the later ones.
    assert (due, first) == ([made[1].id, made[2].id], [made[1].id])

    planner.pass_time(hours=1)
    batches: list[list[str]] = []

    async def post(waiting: Sequence[QueuedRequest]) -> Sequence[Outcome]:
        batches.append([one.request.orders[0].key for one in waiting])
        return await planner.post(waiting)

    monkeypatch.setattr("payments.application.schedules.run_schedules.BATCH", 2)
    assert await RunSchedules(planner.uow, post, NoRules(), planner.authority, planner.clock, CALENDAR)() == 3
    assert batches == [[f"schedule:{made[n].id}:0" for n in (1, 2)], [f"schedule:{made[0].id}:0"]]


async def test_each_occurrence_is_made_once_when_several_workers_run_schedules(
    uow: SqlUnitOfWork[SqlPaymentsTransaction],
) -> None:
    planner = await Planner(uow).open()
    for n in range(5):
        await planner.plan(planner.order("1.00"), key=f"{n}")
    planner.pass_time(days=3, hours=1)
    await asyncio.gather(planner.run(), planner.run(), planner.run())
    assert await planner.balance() == 20
