from dataclasses import dataclass
from uuid import UUID

from governance.application.ports.transaction import UnitOfWork
from governance.application.standings.authority import require_authority_of
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class RequireAuthority:
    """Refuse an act on the account of a person with permissions that the actor lacks, by the roles that both hold now.

    What the default role permits does not count: everybody has it. Equals may act on each other.
    """

    uow: UnitOfWork

    async def __call__(self, *, actor: Actor, by: UUID, subject_id: UUID) -> None:
        """Raise BeyondAuthority."""
        async with self.uow.begin(actor) as tx:
            await require_authority_of(tx, by, subject_id)
