from datetime import datetime
from typing import Protocol
from uuid import UUID

from governance.domain.invitation import Invitation


class InvitationRepository(Protocol):
    """Invitations of the organization that the transaction is for."""

    async def lock(self, invitation_id: UUID) -> Invitation | None: ...

    async def open_ones(self, organization_id: UUID, *, at: datetime) -> int:
        """Count the open invitations of an organization."""

    def add(self, invitation: Invitation) -> None: ...


class InvitationMails(Protocol):
    async def send(self, invitation: Invitation, *, code: str, address: str, organization: str) -> None:
        """Send the code to an address. Raise InvalidValue for an impossible address, or Unavailable."""
