from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from governance.domain.organization import Organization


class OrganizationRepository(Protocol):
    async def find(self, organization_id: UUID) -> Organization | None: ...

    async def lock(self, organization_id: UUID) -> Organization | None:
        """Lock it until the transaction ends, so that nobody joins it while it is closed."""

    async def share(self, organization_id: UUID) -> Organization | None:
        """Find it and keep it from changing until the transaction ends."""

    async def ancestors(self, organization_id: UUID, *, most: int) -> Sequence[UUID]:
        """Return the organization and those of which it is a part, at most `most`."""

    async def has_registration(self, number: str, *, but: UUID | None = None) -> bool:
        """Return whether another organization, which is not closed, has this registration number.

        It stays so until the transaction ends.
        """

    def add(self, organization: Organization) -> None: ...
