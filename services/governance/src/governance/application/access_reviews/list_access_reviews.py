from dataclasses import dataclass
from uuid import UUID

from governance.application.access_reviews.authority import ReviewAuthority
from governance.application.access_reviews.views import AccessReviewView, AccessReviewViews
from governance.domain.access_review import ReviewStatus
from kernel.actor import Actor
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListAccessReviews:
    """List campaigns, newest first: all for managers of roles and auditors.

    Other callers see the campaigns of the organizations that they manage, and those that ask them, or did.
    """

    views: AccessReviewViews
    authority: ReviewAuthority

    async def __call__(
        self, *, actor: Actor, page: PageRequest, status: ReviewStatus | None = None, organization_id: UUID | None = None
    ) -> Page[AccessReviewView]:
        sees_all = await self.authority.sees_all(actor, organization_id)
        return await self.views.reviews(
            page,
            reader_id=actor.user_id,
            sees_all=sees_all,
            administered=() if sees_all else await self.authority.administered(actor),
            status=status,
            organization_id=organization_id,
        )
