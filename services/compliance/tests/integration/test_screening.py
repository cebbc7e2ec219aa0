"""Screening blocks on a real database."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import event

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.stored import everything
from compliance import wiring
from compliance.application.screening import Screening
from compliance.application.screening.screen_transfers import ScreenTransfers
from compliance.application.screening.views import BlockView
from compliance.domain.screening import AlreadyLifted, ScreenedTransfer, ScreeningBlock
from kernel.actor import Actor, ActorKind
from kernel.audit import AuditFact
from kernel.errors import AlreadyExists, NotFound, Unavailable
from kernel.ids import new_id
from kernel.pages import PageRequest
from services.compliance.tests.fakes.log_signer import Signer
from services.compliance.tests.stored import facts_on_record, recorded

OFFICER: Final = Actor(kind=ActorKind.USER, subject_id=str(new_id()))


@pytest.fixture
def screening(database: Database, clock: ControlledClock) -> Screening:
    return wiring.use_cases(database=database, signer=Signer(), clock=clock).screening


async def block(screening: Screening, subject_id: UUID, reason: str) -> ScreeningBlock:
    return await screening.place_screening_block(actor=OFFICER, subject_id=subject_id, reason=reason)


async def listed(screening: Screening, *, standing: bool | None = None, per_page: int = 20) -> tuple[list[BlockView], int]:
    """Return a page of blocks and their total number."""
    page = PageRequest(1, per_page)
    found = await screening.list_screening_blocks(actor=OFFICER, standing=standing, page=page, reason="audit")
    return list(found.items), found.total


def transfer() -> ScreenedTransfer:
    return ScreenedTransfer(new_id(), new_id(), new_id())


async def test_verdicts_are_returned_in_order_by_one_statement(screening: Screening, database: Database) -> None:
    transfers = [transfer() for _ in range(6)]
    reasons = {transfers[1].initiator_id: "initiator", transfers[3].source_id: "source", transfers[4].target_id: "target"}
    for subject_id, reason in reasons.items():
        await block(screening, subject_id, reason)
    # The notification that follows a commit is a statement too.
    await database.finish()
    statements: list[str] = []

    def note(*execution: Any) -> None:
        statements.append(execution[2])

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    verdicts = await screening.screen_transfers(transfers=transfers)
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)

    assert verdicts == [None, "initiator", None, "source", "target", None]
    assert len(statements) == 1


async def test_the_reason_of_the_initiator_comes_before_the_senders_and_the_receivers(
    screening: Screening,
) -> None:
    asked = transfer()
    blocks = [
        await block(screening, subject_id, reason)
        for subject_id, reason in (
            (asked.initiator_id, "initiator"),
            (asked.source_id, "source"),
            (asked.target_id, "target"),
        )
    ]

    for standing in blocks:
        assert await screening.screen_transfers(transfers=[asked]) == [standing.reason]
        await screening.lift_screening_block(actor=OFFICER, block_id=standing.id)
    assert await screening.screen_transfers(transfers=[asked]) == [None]


@dataclass
class BlockListAway:
    """A block list that cannot be read."""

    async def in_force(self, subject_ids: Collection[UUID]) -> Mapping[UUID, str]:
        raise Unavailable(dependency="database", asked=len(subject_ids))


async def test_no_transfer_is_cleared_if_the_block_list_cannot_be_read() -> None:
    with pytest.raises(Unavailable):
        await ScreenTransfers(block_list=BlockListAway())(transfers=[transfer()])


async def test_a_block_is_placed_once_and_recorded(screening: Screening, database: Database, clock: ControlledClock) -> None:
    subject = new_id()

    placed = await block(screening, subject, "sanctions match")

    committed = await everything(database)
    with pytest.raises(AlreadyExists):
        await block(screening, subject, "again")
    assert await everything(database) == committed
    assert (placed.reason, placed.created_by, placed.created_at) == ("sanctions match", OFFICER.subject_id, clock.now())
    fact = AuditFact(
        action="compliance.screening_block.place",
        resource_type="screening_block",
        resource_id=str(placed.id),
        occurred_at=clock.now(),
        after={"subject_id": str(subject), "standing": True},
        reason="sanctions match",
        related_ids=(str(subject),),
    )
    assert await facts_on_record(database) == [recorded(fact, OFFICER)]
    view = BlockView(placed.id, subject, "sanctions match", OFFICER.subject_id, clock.now())
    assert await listed(screening) == ([view], 1)


async def test_a_lifted_block_stays_on_record_and_allows_another(
    screening: Screening, database: Database, clock: ControlledClock
) -> None:
    subject = new_id()
    placed = await block(screening, subject, "sanctions match")
    clock.advance(seconds=60)

    lifted = await screening.lift_screening_block(actor=OFFICER, block_id=placed.id)

    assert (lifted.lifted_by, lifted.lifted_at) == (OFFICER.subject_id, clock.now())
    fact = AuditFact(
        action="compliance.screening_block.lift",
        resource_type="screening_block",
        resource_id=str(placed.id),
        occurred_at=clock.now(),
        before={"subject_id": str(subject), "standing": True},
        after={"subject_id": str(subject), "standing": False},
        related_ids=(str(subject),),
    )
    assert (await facts_on_record(database))[1] == recorded(fact, OFFICER)
    committed = await everything(database)
    with pytest.raises(AlreadyLifted):
        await screening.lift_screening_block(actor=OFFICER, block_id=placed.id)
    with pytest.raises(NotFound):
        await screening.lift_screening_block(actor=OFFICER, block_id=new_id())
    assert await everything(database) == committed
    assert (await block(screening, subject, "a new match")).id != placed.id
    assert [fact.action.rpartition(".")[2] for fact in await facts_on_record(database)] == ["place", "lift", "place"]


async def test_blocks_are_filtered_by_whether_they_are_active(screening: Screening) -> None:
    placed = [await block(screening, new_id(), f"case {number}") for number in range(3)]
    # The clock does not move. Blocks of one moment are ordered by id, and ids of one millisecond are in random order.
    placed.sort(key=lambda each: each.id)
    await screening.lift_screening_block(actor=OFFICER, block_id=placed[0].id)

    for standing, expected in ((None, placed), (True, placed[1:]), (False, placed[:1])):
        blocks, total = await listed(screening, standing=standing, per_page=2)
        assert [each.id for each in blocks] == [each.id for each in expected[:2]]
        assert total == len(expected)
