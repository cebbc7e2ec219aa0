from collections.abc import Collection
from dataclasses import dataclass

from governance.application.organizations.views import Membership, MembershipViews


@dataclass(frozen=True, slots=True)
class FindMemberships:
    """Find which of these memberships exist now, for payments, which makes transfers that were ordered earlier."""

    views: MembershipViews

    async def __call__(self, *, memberships: Collection[Membership]) -> Collection[Membership]:
        return await self.views.existing(memberships)
