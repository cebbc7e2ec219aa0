from dataclasses import dataclass
from uuid import UUID

from compliance.application.ports import UnitOfWork
from compliance.application.queries import BlockView, ComplianceQueries
from compliance.domain.screening import ScreeningBlock
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import Clock
from kernel.errors import AlreadyExists, NotFound
from kernel.pages import Page, PageRequest
from kernel.reads import ReadOfOthers, Reads, given


@dataclass(frozen=True, slots=True)
class ListBlocks:
    """Page through blocks: a search over people, and over their wallets."""

    queries: ComplianceQueries
    reads: Reads

    async def __call__(self, *, actor: Actor, standing: bool | None, page: PageRequest, reason: str) -> Page[BlockView]:
        blocks = await self.queries.blocks(standing=standing, page=page)
        read = ReadOfOthers(
            action="compliance.screening_block.search",
            owners=[block.subject_id for block in blocks.items],
            filters=given(standing=standing),
            shown=len(blocks.items),
            reason=reason,
        )
        await self.reads.record(actor, read)
        return blocks


@dataclass(frozen=True, slots=True)
class PlaceBlock:
    """Stop money of a user or wallet from moving, from the next screening on."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, subject_id: UUID, reason: str) -> ScreeningBlock:
        async with self.uow.begin(actor) as tx:
            if standing := await tx.blocks.find_standing(subject_id):
                raise AlreadyExists(block_id=standing.id)
            block = ScreeningBlock.place(subject_id=subject_id, reason=reason, by=actor.subject_id, at=self.clock.now())
            await tx.blocks.add(block)
            tx.record(
                AuditFact(
                    action="compliance.screening_block.place",
                    resource_type="screening_block",
                    resource_id=str(block.id),
                    occurred_at=block.created_at,
                    after={"subject_id": str(subject_id), "standing": True},
                    reason=reason,
                    related_ids=(str(subject_id),),
                )
            )
            return block


@dataclass(frozen=True, slots=True)
class LiftBlock:
    """Let money move again."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, block_id: UUID) -> ScreeningBlock:
        async with self.uow.begin(actor) as tx:
            block = await tx.blocks.get(block_id)
            if block is None:
                raise NotFound(block_id=block_id)
            at = self.clock.now()
            block.lift(by=actor.subject_id, at=at)
            tx.record(
                AuditFact(
                    action="compliance.screening_block.lift",
                    resource_type="screening_block",
                    resource_id=str(block.id),
                    occurred_at=at,
                    before={"subject_id": str(block.subject_id), "standing": True},
                    after={"subject_id": str(block.subject_id), "standing": False},
                    related_ids=(str(block.subject_id),),
                )
            )
            return block
