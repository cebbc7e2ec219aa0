"""Bulk transfers that are cancelled, or that no worker runs any more."""

from datetime import timedelta
from decimal import Decimal

import pytest

from chassis.testing.stored import unchanged
from kernel.actor import Actor, ActorKind
from kernel.errors import NotFound
from kernel.ids import new_id
from payments.application.bulk_transfers.resume_bulks import ResumeBulks
from payments.domain.bulk import BulkStatus, LineStatus
from payments.domain.errors import BulkEnded
from services.payments.tests.integration.bulk_bank import BulkBank, Killed
from services.payments.tests.units_of_work import Meanwhile


async def test_a_file_cancelled_before_it_runs_moves_nothing(bulk_bank: BulkBank) -> None:
    bulk = (await bulk_bank.submit("1.00")).bulk
    await bulk_bank.cancel(actor=bulk_bank.actor, bulk_id=bulk.id, reason="wrong month")
    assert await bulk_bank.run(bulk_id=bulk.id) is None
    assert ((await bulk_bank.bulk(bulk.id)).status, await bulk_bank.moved()) == (BulkStatus.CANCELLED, [Decimal(0)] * 4)
    with pytest.raises(BulkEnded):
        await bulk_bank.cancel(actor=bulk_bank.actor, bulk_id=bulk.id, reason="again")
    with pytest.raises(NotFound):
        await bulk_bank.cancel(actor=Actor(kind=ActorKind.USER, subject_id=str(new_id())), bulk_id=bulk.id, reason="not mine")


async def test_a_file_cancelled_while_its_worker_is_dead_counts_what_was_settled(bulk_bank: BulkBank) -> None:
    bulk = (await bulk_bank.submit("1.00", "2.00", "3.00", "4.00")).bulk
    bulk_bank.post.dies_after = 1
    with pytest.raises(Killed):
        await bulk_bank.run(bulk_id=bulk.id)
    await bulk_bank.cancel(actor=bulk_bank.actor, bulk_id=bulk.id, reason="stop")
    assert (await bulk_bank.bulk(bulk.id)).status is BulkStatus.CANCELLING
    async with unchanged(bulk_bank.database):
        again = await bulk_bank.cancel(actor=bulk_bank.actor, bulk_id=bulk.id, reason="stop it")
    assert (again.status, again.reason) == (BulkStatus.CANCELLING, "stop")
    assert await bulk_bank.run(bulk_id=bulk.id) is BulkStatus.CANCELLED
    ended = await bulk_bank.bulk(bulk.id)
    assert (ended.settled, ended.not_run) == (2, 2)
    assert await bulk_bank.moved() == [Decimal(1), Decimal(2), Decimal(0), Decimal(0)]
    assert await bulk_bank.statuses(bulk.id) == [LineStatus.SETTLED] * 2 + [LineStatus.NOT_RUN] * 2


async def test_a_stalled_file_is_queued_again_and_fails_after_a_day(bulk_bank: BulkBank) -> None:
    bulk = (await bulk_bank.submit("1.00")).bulk
    await bulk_bank.forget_queued()
    assert await bulk_bank.resume() == 0
    bulk_bank.clock.advance(seconds=120)
    assert (await bulk_bank.resume(), await bulk_bank.queued()) == (0, [])
    bulk_bank.clock.advance(seconds=1)
    assert await bulk_bank.resume() == 1
    assert await bulk_bank.queued() == [bulk.id]
    bulk_bank.clock.advance(seconds=timedelta(hours=25).total_seconds())
    assert await bulk_bank.resume() == 0
    assert (await bulk_bank.bulk(bulk.id)).status is BulkStatus.CANCELLED


@pytest.mark.parametrize("hours", [1, 25])
async def test_a_file_that_ends_just_as_it_is_found_stalled_is_left_alone(bulk_bank: BulkBank, hours: int) -> None:
    bulk = (await bulk_bank.submit("1.00")).bulk
    await bulk_bank.forget_queued()
    bulk_bank.clock.advance(seconds=timedelta(hours=hours).total_seconds())
    await ResumeBulks(Meanwhile(bulk_bank.uow, lambda: bulk_bank.run(bulk_id=bulk.id)), bulk_bank.clock)()
    assert ((await bulk_bank.bulk(bulk.id)).status, await bulk_bank.queued()) == (BulkStatus.COMPLETED, [])


async def test_a_file_that_ends_just_as_it_is_found_stalled_does_not_keep_others_from_being_queued(bulk_bank: BulkBank) -> None:
    ends = (await bulk_bank.submit("1.00", key="ends")).bulk
    bulk_bank.clock.advance(seconds=1)
    waits = (await bulk_bank.submit("2.00", key="waits")).bulk
    await bulk_bank.forget_queued()
    bulk_bank.clock.advance(seconds=timedelta(hours=1).total_seconds())
    resume = ResumeBulks(Meanwhile(bulk_bank.uow, lambda: bulk_bank.run(bulk_id=ends.id)), bulk_bank.clock)
    assert await resume() == 1
    assert ((await bulk_bank.bulk(ends.id)).status, (await bulk_bank.bulk(waits.id)).status) == (
        BulkStatus.COMPLETED,
        BulkStatus.ACCEPTED,
    )
    assert await bulk_bank.queued() == [waits.id]


async def test_a_file_that_is_being_cancelled_is_queued_again_after_a_day_too(bulk_bank: BulkBank) -> None:
    bulk = (await bulk_bank.submit("1.00", "2.00", "3.00")).bulk
    bulk_bank.post.dies_after = 1
    with pytest.raises(Killed):
        await bulk_bank.run(bulk_id=bulk.id)
    await bulk_bank.cancel(actor=bulk_bank.actor, bulk_id=bulk.id, reason="stop")
    await bulk_bank.forget_queued()
    bulk_bank.clock.advance(seconds=timedelta(hours=25).total_seconds())
    assert await bulk_bank.resume() == 1
    assert ((await bulk_bank.bulk(bulk.id)).status, (await bulk_bank.bulk(bulk.id)).reason) == (BulkStatus.CANCELLING, "stop")
    assert await bulk_bank.queued() == [bulk.id]
    assert await bulk_bank.run(bulk_id=bulk.id) is BulkStatus.CANCELLED
    assert (await bulk_bank.moved())[:3] == [Decimal(1), Decimal(2), Decimal(0)]
