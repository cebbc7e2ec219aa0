"""Screening: who may not move money."""

import pytest

from chassis.testing.clocks import ControlledClock
from compliance.application.screen_transfers import ScreenTransfers
from compliance.application.screening_blocks import LiftBlock, PlaceBlock
from compliance.domain.screening import AlreadyLifted, ScreenedTransfer
from kernel.actor import Actor, ActorKind
from kernel.audit import AuditFact
from kernel.errors import AlreadyExists, NotFound, Unavailable
from kernel.ids import new_id
from services.compliance.tests.fakes import FakeBlockList, FakeUnitOfWork

OFFICER = Actor(kind=ActorKind.USER, subject_id=str(new_id()))


def transfer() -> ScreenedTransfer:
    return ScreenedTransfer(new_id(), new_id(), new_id())


async def test_each_transfer_has_its_verdict_in_the_order_asked() -> None:
    transfers = [transfer() for _ in range(6)]
    reasons = {transfers[1].initiator_id: "initiator", transfers[3].source_id: "source", transfers[4].target_id: "target"}
    block_list = FakeBlockList(reasons)

    verdicts = await ScreenTransfers(block_list)(transfers)

    assert verdicts == [None, "initiator", None, "source", "target", None]
    assert block_list.calls == 1


async def test_of_several_blocks_the_reason_is_that_of_who_asked_then_of_whose_money_then_of_whom_it_goes_to() -> None:
    asked = transfer()
    reasons = {asked.target_id: "target", asked.source_id: "source", asked.initiator_id: "initiator"}
    block_list = FakeBlockList(reasons)

    for whose in (asked.initiator_id, asked.source_id, asked.target_id):
        assert await ScreenTransfers(block_list)([asked]) == [reasons.pop(whose)]
    assert await ScreenTransfers(block_list)([asked]) == [None]


async def test_a_block_list_that_cannot_be_read_clears_nothing() -> None:
    with pytest.raises(Unavailable):
        await ScreenTransfers(FakeBlockList(away=True))([transfer()])


async def test_a_block_is_placed_once_and_told_of(clock: ControlledClock) -> None:
    uow, subject = FakeUnitOfWork(), new_id()
    place = PlaceBlock(uow, clock)

    block = await place(actor=OFFICER, subject_id=subject, reason="sanctions match")

    committed = uow.committed
    with pytest.raises(AlreadyExists):
        await place(actor=OFFICER, subject_id=subject, reason="again")
    assert uow.committed is committed
    (fact,) = uow.committed.facts
    assert uow.committed.blocks == {block.id: block}
    assert (block.reason, block.created_by, block.created_at) == ("sanctions match", OFFICER.subject_id, clock.now())
    assert fact == AuditFact(
        action="compliance.screening_block.place",
        resource_type="screening_block",
        resource_id=str(block.id),
        occurred_at=clock.now(),
        after={"subject_id": str(subject), "standing": True},
        reason="sanctions match",
        related_ids=(str(subject),),
        fact_id=fact.fact_id,
    )


async def test_a_lifted_block_stays_on_record_and_makes_room_for_another(clock: ControlledClock) -> None:
    uow, subject = FakeUnitOfWork(), new_id()
    place, lift = PlaceBlock(uow, clock), LiftBlock(uow, clock)
    block = await place(actor=OFFICER, subject_id=subject, reason="sanctions match")
    clock.advance(seconds=60)

    lifted = await lift(actor=OFFICER, block_id=block.id)

    assert (lifted.lifted_by, lifted.lifted_at) == (OFFICER.subject_id, clock.now())
    fact = uow.committed.facts[1]
    assert fact == AuditFact(
        action="compliance.screening_block.lift",
        resource_type="screening_block",
        resource_id=str(block.id),
        occurred_at=clock.now(),
        before={"subject_id": str(subject), "standing": True},
        after={"subject_id": str(subject), "standing": False},
        related_ids=(str(subject),),
        fact_id=fact.fact_id,
    )
    committed = uow.committed
    with pytest.raises(AlreadyLifted):
        await lift(actor=OFFICER, block_id=block.id)
    with pytest.raises(NotFound):
        await lift(actor=OFFICER, block_id=new_id())
    assert uow.committed is committed
    assert (await place(actor=OFFICER, subject_id=subject, reason="a new match")).id != block.id
    assert [fact.action.rpartition(".")[2] for fact in uow.committed.facts] == ["place", "lift", "place"]
