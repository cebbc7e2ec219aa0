from dataclasses import dataclass
from uuid import UUID

from governance.application.organizations.status import move_organization
from governance.application.organizations.views import OrganizationView
from governance.application.ports.transaction import UnitOfWork
from governance.domain.organization import OrganizationStatus
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class CloseOrganization:
    """Close an organization permanently: nobody acts for it, and nobody joins it. What it owns stays on record."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, organization_id: UUID, reason: str) -> OrganizationView:
        """Raise NotFound or OrganizationClosed."""
        return await move_organization(
            self.uow,
            self.clock,
            actor=actor,
            organization_id=organization_id,
            status=OrganizationStatus.CLOSED,
            verb="close",
            reason=reason,
        )
