from dataclasses import dataclass
from uuid import UUID

from governance.application.organizations import audit
from governance.application.organizations.views import OrganizationView
from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.domain.errors import TooManyLevels, UnknownOrganization
from governance.domain.organization import LEVELS_MAX, Organization, OrganizationDetails, OrganizationKind
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AlreadyExists


@dataclass(frozen=True, slots=True)
class CreateOrganization:
    """Register an organization. The route requires `organization:manage` everywhere."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(
        self,
        *,
        actor: Actor,
        kind: OrganizationKind,
        details: OrganizationDetails,
        parent_id: UUID | None = None,
        reason: str | None = None,
    ) -> OrganizationView:
        """Raise UnknownOrganization or OrganizationClosed for the parent, TooManyLevels, or AlreadyExists for the number."""
        at = self.clock.now()
        organization = Organization.create(kind, details, parent_id=parent_id, by=actor.subject_id, at=at)
        async with self.uow.begin(actor) as tx:
            if parent_id:
                await _require_parent(tx, parent_id)
            if details.registration_number and await tx.organizations.has_registration(details.registration_number):
                raise AlreadyExists(field="registration_number")
            tx.organizations.add(organization)
            tx.create(audit.ORGANIZATION, organization, at=at, reason=reason)
        return OrganizationView.of(organization)


async def _require_parent(tx: Transaction, parent_id: UUID) -> None:
    parent = await tx.organizations.share(parent_id)
    if parent is None:
        raise UnknownOrganization(field="parent_id", organization_id=parent_id)
    parent.require_active()
    if len(await tx.organizations.ancestors(parent_id, most=LEVELS_MAX)) >= LEVELS_MAX:
        raise TooManyLevels(field="parent_id", most=LEVELS_MAX)
