"""Suspend, activate and close organizations."""

from uuid import UUID

from governance.application.organizations import audit
from governance.application.organizations.authority import within
from governance.application.organizations.views import OrganizationView
from governance.application.ports.transaction import UnitOfWork
from governance.domain.organization import OrganizationStatus
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


async def move_organization(
    uow: UnitOfWork,
    clock: Clock,
    *,
    actor: Actor,
    organization_id: UUID,
    status: OrganizationStatus,
    verb: str,
    reason: str,
) -> OrganizationView:
    """Move it to a status. Raise NotFound, or OrganizationClosed for one that is closed. Doing so again changes nothing."""
    async with uow.begin(within(actor, organization_id)) as tx:
        organization = await tx.organizations.lock(organization_id)
        if organization is None:
            raise NotFound(organization_id=organization_id)
        if organization.status is not status:
            organization.require_open()
            at = clock.now()
            with tx.change(audit.ORGANIZATION, organization, verb, at=at, reason=reason):
                organization.move_to(status, at=at)
        return OrganizationView.of(organization)
