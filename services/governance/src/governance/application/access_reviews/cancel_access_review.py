from dataclasses import dataclass
from uuid import UUID

from governance.application.access_reviews import audit
from governance.application.access_reviews.authority import ReviewAuthority
from governance.application.organizations.authority import within
from governance.application.ports.transaction import UnitOfWork
from governance.domain.access_review import AccessReview
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class CancelAccessReview:
    """End a campaign before its deadline. What was withdrawn stays withdrawn, and what is open stays as it is."""

    uow: UnitOfWork
    authority: ReviewAuthority
    clock: Clock

    async def __call__(self, *, actor: Actor, review_id: UUID, reason: str) -> AccessReview:
        """Raise NotFound, AccessDenied, or ReviewClosed."""
        found = await self.authority.find(actor, review_id)
        await self.authority.require_administrator(actor, found.organization_id)
        async with self.uow.begin(within(actor, found.organization_id)) as tx:
            review = await tx.access_reviews.lock(review_id)
            if review is None:
                raise NotFound(review_id=review_id)
            at = self.clock.now()
            review.require_running(at)
            # Before the campaign itself: a line of a campaign that has ended does not change.
            await tx.access_reviews.cancel_open(review_id)
            with tx.change(audit.REVIEW, review, "cancel", at=at, reason=reason):
                review.cancel(reason=reason, at=at)
            return review
