from dataclasses import dataclass
from uuid import UUID

from governance.application.ports.transaction import UnitOfWork
from governance.application.standings import audit
from governance.application.standings.authority import require_authority_of
from governance.application.standings.role_management import role_management_kept
from governance.domain.standing import Standing
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class DisableSubject:
    """Allow identity to suspend, delete or erase a user, and count the user as unable to act from now on.

    If identity does not complete the change, the user counts as unable until ReconcileStandings asks identity again.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, by: UUID, subject_id: UUID, version: int) -> None:
        """Raise BeyondAuthority or LastAdministrator. `version` is the user's version before the change."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx, role_management_kept(tx):
            await require_authority_of(tx, by, subject_id, at=at)
            standing = await tx.standings.find(subject_id)
            if standing is None:
                standing = Standing.unrecorded(subject_id, at=at)
                tx.standings.add(standing)
            with tx.change(audit.standing_changed_by(by), standing, "disable", at=at):
                standing.disable(version=version, at=at)
