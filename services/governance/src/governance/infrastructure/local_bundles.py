"""Governance reads its own policy bundles and limited roles directly from its database."""

from collections.abc import Collection, Sequence

from chassis.auth.ended_memberships import EVERYBODY, Ending
from chassis.policies import Bundle, LimitedRole, SubjectRow
from governance.application.policy_bundles.views import PolicyBundleViews
from governance.application.role_assignments.views import LimitedRoleViews
from governance.domain.limits import Limits
from kernel.feeds import FEED_PAGE_MAX, FeedPage


class LocalBundles:
    """A chassis BundleSource."""

    def __init__(self, views: PolicyBundleViews) -> None:
        self._views = views

    async def fetch(self, known_version: int) -> Bundle | None:
        text = await self._views.current_bundle()
        if text is None or text.bundle.version == known_version:
            return None
        return Bundle(text.bundle.version, text.policies, text.schema, text.shadow)


class LocalLimitedRoles:
    """A chassis LimitedRoleSource."""

    def __init__(self, views: LimitedRoleViews) -> None:
        self._views = views

    async def endings(self) -> Sequence[Ending]:
        """A chassis EndingSource."""
        return [
            Ending(str(each.subject_id or EVERYBODY), str(each.organization_id), each.ended_at)
            for each in await self._views.ended_memberships()
        ]

    async def inactive_organizations(self) -> Collection[str]:
        return [str(each) for each in await self._views.inactive_organizations()]

    async def page(self, cursor: str) -> FeedPage[SubjectRow]:
        page = await self._views.page(cursor, limit=FEED_PAGE_MAX)
        return page.map(lambda row: SubjectRow(str(row.subject_id), [_limited(*role) for role in row.roles], row.version))


def _limited(role: str, limits: Limits) -> LimitedRole:
    organization_id, starts_at, ends_at, team_id = limits
    return LimitedRole(
        role,
        str(organization_id) if organization_id else None,
        starts_at.timestamp() if starts_at else None,
        ends_at.timestamp() if ends_at else None,
        str(team_id) if team_id else None,
    )
