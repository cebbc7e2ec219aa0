from collections.abc import Collection
from dataclasses import dataclass

from governance.application.members.views import MembershipView, MembershipViews


@dataclass(frozen=True, slots=True)
class FindMemberships:
    """Find which of these memberships exist now, for payments, which makes transfers that were ordered earlier."""

    views: MembershipViews

    async def __call__(self, *, memberships: Collection[MembershipView]) -> Collection[MembershipView]:
        return await self.views.existing(memberships)
