"""Who may run access reviews, read them, and decide their lines. For the others, a campaign does not exist."""

from dataclasses import dataclass
from uuid import UUID

from governance.application.access_reviews.views import AccessReviewView, AccessReviewViews
from governance.application.organizations.authority import OrganizationAuthority
from governance.application.ports.decisions import MANAGE_ORGANIZATION, VIEW_AUDIT, Decisions
from governance.application.ports.memberships import CurrentMembers
from governance.domain.role import MANAGE_ROLES
from kernel.actor import Actor
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ReviewAuthority:
    """Managers of roles run every campaign; those who manage an organization run the campaigns of it.

    A person's manager decides the lines of this person: in the organization of the campaign, or, for roles that are limited to no
    organization, in an internal one. The managers of today decide, and not those of when the campaign started.
    """

    decisions: Decisions
    members: CurrentMembers
    organizations: OrganizationAuthority
    views: AccessReviewViews

    async def require_administrator(self, actor: Actor, organization_id: UUID | None) -> None:
        """Raise AccessDenied, NotFound for an organization that the actor may not read, or OrganizationClosed."""
        if organization_id is None:
            self.decisions.require(actor, MANAGE_ROLES)
        elif not self.decisions.allows(actor, MANAGE_ROLES):
            await self.organizations.require_manager(actor, organization_id)

    async def is_administrator(self, actor: Actor, organization_id: UUID | None) -> bool:
        if self.decisions.allows(actor, MANAGE_ROLES):
            return True
        if organization_id is None:
            return False
        if self.organizations.is_of_the_platform(actor):
            return True
        return self.decisions.allows_within(actor, MANAGE_ORGANIZATION, organization_id) and await self.members.may_act(
            organization_id, actor.user_id
        )

    async def find_administered(self, actor: Actor, review_id: UUID) -> AccessReviewView:
        """Find a campaign that the actor runs. Raise NotFound for those who may not read it, and AccessDenied for the others."""
        review = await self.find(actor, review_id)
        await self.require_administrator(actor, review.organization_id)
        return review

    async def find(self, actor: Actor, review_id: UUID) -> AccessReviewView:
        """Find a campaign for its administrators, for auditors, and for the managers whom it asks, or did. Raise NotFound."""
        review = await self.views.review(review_id, reader_id=actor.user_id)
        if review and (review.progress.concerns_you or await self.sees_all(actor, review.organization_id)):
            return review
        raise NotFound(review_id=review_id)

    async def sees_all(self, actor: Actor, organization_id: UUID | None) -> bool:
        """Return whether the actor may read all lines of the campaigns of an organization, or of the platform."""
        return self.decisions.allows(actor, VIEW_AUDIT) or await self.is_administrator(actor, organization_id)
