"""Who may run access reviews, read them, and decide their lines. For the others, a campaign does not exist."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from governance.application.access_reviews.views import AccessReviewView, AccessReviewViews
from governance.application.organizations.authority import OrganizationAuthority
from governance.application.ports.decisions import MANAGE_ORGANIZATION, VIEW_AUDIT, Decisions
from governance.application.ports.memberships import CurrentMembers
from governance.application.ports.transaction import Transaction
from governance.application.standings.authority import require_authority_over, require_authority_within
from governance.domain.access_review import AccessReview, ReviewLine
from governance.domain.errors import BeyondAuthority, BeyondReview
from governance.domain.role import MANAGE_ROLES
from kernel.actor import Actor
from kernel.errors import AccessDenied, NotFound

# More organizations than a person manages.
ADMINISTERED_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class ReviewAuthority:
    """Managers of roles run every campaign; those who manage an organization run the campaigns of it.

    A person's manager decides the lines of this person: in the organization of the campaign, or, for roles that are limited to no
    organization, in an internal one, if the platform has set the manager. Managers and administrators of the start decide, for as
    long as they are so: otherwise a person under review could choose who decides.
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

    async def find(self, actor: Actor, review_id: UUID) -> AccessReviewView:
        """Find a campaign for its administrators, for auditors, and for the managers whom it asks, or did. Raise NotFound."""
        review = await self.views.review(review_id, reader_id=actor.user_id)
        if review and (review.progress.concerns_you or await self.sees_all(actor, review.organization_id)):
            return review
        raise NotFound(review_id=review_id)

    async def sees_all(self, actor: Actor, organization_id: UUID | None) -> bool:
        """Return whether the actor may read all lines of the campaigns of an organization, or of the platform."""
        return self.decisions.allows(actor, VIEW_AUDIT) or await self.is_administrator(actor, organization_id)

    async def administered(self, actor: Actor) -> Sequence[UUID]:
        """Return the organizations whose campaigns the actor runs as a member."""
        found = await self.members.organizations_of(actor.user_id, limit=ADMINISTERED_MAX)
        return [each for each in found if self.decisions.allows_within(actor, MANAGE_ORGANIZATION, each)]


def of_review(actor: Actor, organization_id: UUID | None) -> Actor:
    """Return the actor for a transaction about a campaign: its facts name the campaign's organization, and no other."""
    return replace(actor, organization_id=organization_id)


async def require_authority_over_all(
    tx: Transaction, actor: Actor, subject_ids: Collection[UUID], organization_id: UUID | None, *, at: datetime
) -> None:
    """Raise BeyondReview if these people have permissions that the actor lacks: everywhere, or in the campaign's organization."""
    theirs = await tx.access_reviews.permitted_to(set(subject_ids) - {actor.user_id}, organization_id, at=at)
    own = await tx.holders.permissions_of(actor.user_id, at=at)
    if organization_id:
        own |= await tx.holders.permissions_within(actor.user_id, organization_id, at=at)
    if beyond := theirs - own:
        raise BeyondReview(permissions=sorted(beyond))


async def require_administrator_now(
    tx: Transaction, actor: Actor, review: AccessReview, *, organization_id: UUID | None, at: datetime
) -> None:
    """Require that the actor runs the campaign now, and did at its start. Raise AccessDenied or LateAdministrator."""
    if actor.user_id not in await tx.access_reviews.administrators(organization_id, at=at):
        # The copy of roles by which the actor was admitted is older.
        raise AccessDenied(permission=MANAGE_ROLES)
    review.require_administrator_of_start(actor.user_id)


async def require_authority_over_line(tx: Transaction, actor: Actor, line: ReviewLine, *, at: datetime) -> None:
    """Require what an administrator needs to decide a line, under the guard. Raise OwnAccess or BeyondAuthority."""
    line.require_other(actor.subject_id)
    try:
        if line.organization_id:
            await require_authority_within(tx, actor, line.subject_id, organization_id=line.organization_id, at=at)
        else:
            await require_authority_over(tx, actor, line.subject_id, at=at)
    except BeyondAuthority as refusal:
        raise BeyondAuthority(field="lines", line=line.number) from refusal
