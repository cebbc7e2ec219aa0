from dataclasses import dataclass
from uuid import UUID

from compliance.application.ports.transaction import UnitOfWork
from compliance.application.screening import audit
from compliance.domain.screening import ScreeningBlock
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class LiftScreeningBlock:
    """Lift a block, so that the subject's money can move again."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, block_id: UUID) -> ScreeningBlock:
        """Raise NotFound or AlreadyLifted."""
        async with self.uow.begin(actor) as tx:
            block = await tx.blocks.get(block_id)
            if block is None:
                raise NotFound(block_id=block_id)
            with tx.change(audit.BLOCK, block, "lift", at=self.clock.now()) as at:
                block.lift(by=actor.subject_id, at=at)
            return block
