from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from governance.domain.membership import Membership


class MembershipRepository(Protocol):
    """Memberships of the organization that the transaction is for, or of all for the platform's own work."""

    async def lock_of(self, subject_id: UUID) -> Sequence[Membership]:
        """Lock all memberships of a person, in the order of the organizations' ids."""

    async def lock(self, organization_id: UUID, subject_id: UUID) -> Membership | None: ...

    async def find(self, organization_id: UUID, subject_id: UUID) -> Membership | None: ...

    async def managed_by(self, organization_id: UUID, subject_id: UUID) -> Sequence[Membership]:
        """Lock the members who report to a member, in the order of their ids."""

    async def managers_above(self, organization_id: UUID, subject_id: UUID) -> Sequence[UUID]:
        """Return the manager of a member, the manager's, and so on."""

    async def can_be_managed(self, organization_id: UUID, permission: str, *, at: datetime) -> bool:
        """Return whether an able member has the permission for the organization, without an end.

        The result includes the changes of this transaction.
        """

    def add(self, membership: Membership) -> None: ...

    async def remove(self, membership: Membership) -> None:
        """Remove it. Nobody reports to the person any more, and no team has the person."""


class CurrentMembers(Protocol):
    async def is_member(self, organization_id: UUID, subject_id: UUID) -> bool:
        """Return whether a person is a member now, also of an organization that is suspended or closed."""

    async def organizations_of(self, subject_id: UUID, *, limit: int) -> Sequence[UUID]:
        """Return the active organizations of which a person is a member now."""

    async def may_act(self, organization_id: UUID, subject_id: UUID) -> bool:
        """Return whether a person is a member of an active organization now."""
