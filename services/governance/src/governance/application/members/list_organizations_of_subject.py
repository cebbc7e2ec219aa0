from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from governance.application.members.views import MembershipViews

MEMBERSHIPS_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class ListOrganizationsOfSubject:
    """List the organizations that a subject is a member of, for identity, which lets sessions act for them."""

    views: MembershipViews

    async def __call__(self, *, subject_id: UUID) -> Sequence[UUID]:
        return await self.views.organizations_of(subject_id, limit=MEMBERSHIPS_MAX)
