from dataclasses import dataclass
from uuid import UUID

from compliance.application.ports.transaction import UnitOfWork
from compliance.application.screening import audit
from compliance.domain.screening import ScreeningBlock
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AlreadyExists


@dataclass(frozen=True, slots=True)
class PlaceScreeningBlock:
    """Block the money of a user or wallet, from the next screening on."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, subject_id: UUID, reason: str) -> ScreeningBlock:
        """Raise AlreadyExists if the subject is blocked already."""
        async with self.uow.begin(actor) as tx:
            if in_force := await tx.blocks.find_in_force(subject_id):
                raise AlreadyExists(block_id=in_force.id)
            at = self.clock.now()
            block = ScreeningBlock.place(subject_id=subject_id, reason=reason, by=actor.subject_id, at=at)
            await tx.blocks.add(block)
            tx.create(audit.BLOCK, block, "place", at=at, reason=reason)
            return block
