from dataclasses import dataclass
from uuid import UUID

from governance.application.access_reviews.authority import ReviewAuthority
from governance.application.access_reviews.views import AccessReviewView
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class GetAccessReview:
    authority: ReviewAuthority

    async def __call__(self, *, actor: Actor, review_id: UUID) -> AccessReviewView:
        """Raise NotFound."""
        return await self.authority.find(actor, review_id)
