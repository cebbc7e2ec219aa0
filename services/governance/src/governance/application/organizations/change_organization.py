from dataclasses import dataclass
from uuid import UUID

from governance.application.organizations import audit
from governance.application.organizations.authority import OrganizationAuthority, within
from governance.application.organizations.views import OrganizationView
from governance.application.ports.transaction import UnitOfWork
from governance.domain.organization import OrganizationDetails
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AccessDenied, AlreadyExists, NotFound, StaleVersion


@dataclass(frozen=True, slots=True)
class ChangeOrganization:
    """Change how an organization is called and reached. Its name and registration number are changed by the platform alone."""

    uow: UnitOfWork
    authority: OrganizationAuthority
    clock: Clock

    async def __call__(
        self, *, actor: Actor, organization_id: UUID, changes: dict[str, str | None], version: int
    ) -> OrganizationView:
        """Change the fields that are named. Raise NotFound, AccessDenied, StaleVersion, AlreadyExists, OrganizationClosed."""
        await self.authority.require_manager(actor, organization_id)
        async with self.uow.begin(within(actor, organization_id)) as tx:
            organization = await tx.organizations.lock(organization_id)
            if organization is None:
                raise NotFound(organization_id=organization_id)
            if organization.version != version:
                raise StaleVersion(field="If-Match", organization_id=organization_id, version=organization.version)
            before = organization.details
            fields = {
                "name": before.name,
                "registration_number": before.registration_number,
                "contact_email": before.contact_email,
                "contact_phone": before.contact_phone,
            }
            details = OrganizationDetails(**{**fields, **changes})  # type: ignore[arg-type]  # the schema refuses a name of null
            is_legal = (details.name, details.registration_number) != (before.name, before.registration_number)
            # Who the organization is, is checked with its documents.
            if is_legal and not self.authority.is_of_the_platform(actor):
                raise AccessDenied(organization_id=organization_id)
            number = details.registration_number
            if number and await tx.organizations.has_registration(number, but=organization_id):
                raise AlreadyExists(field="registration_number")
            if details != before:
                with tx.change(audit.ORGANIZATION, organization, "change", at=self.clock.now()):
                    organization.describe(details)
            return OrganizationView.of(organization)
