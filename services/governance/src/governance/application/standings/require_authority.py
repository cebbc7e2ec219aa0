from dataclasses import dataclass
from uuid import UUID

from governance.application.ports.transaction import UnitOfWork
from governance.application.standings.authority import require_authority_of
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class RequireAuthority:
    """Refuse an act on a user who has permissions that the actor lacks. The current roles of both decide.

    The permissions of the default role do not count, because everybody has them. Equals may act on each other.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, by: UUID, subject_id: UUID) -> None:
        """Raise BeyondAuthority."""
        async with self.uow.begin(actor) as tx:
            await require_authority_of(tx, by, subject_id, at=self.clock.now())
