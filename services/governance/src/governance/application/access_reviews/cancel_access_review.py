from dataclasses import dataclass
from uuid import UUID

from governance.application.access_reviews import audit
from governance.application.access_reviews.authority import (
    ReviewAuthority,
    of_review,
    require_administrator_now,
    require_authority_over_all,
)
from governance.application.access_reviews.notices import review_cancelled
from governance.application.ports.transaction import UnitOfWork
from governance.domain.access_review import AccessReview
from governance.domain.errors import OwnAccess
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class CancelAccessReview:
    """End a campaign before its deadline. What was withdrawn stays withdrawn, and what is open stays as it is.

    Cancelling keeps what it lists, so those under review do not do it: only the person who started the campaign, or a manager of
    roles with authority over everybody in it and without an open line. The person who started it is informed.
    """

    uow: UnitOfWork
    authority: ReviewAuthority
    clock: Clock

    async def __call__(self, *, actor: Actor, review_id: UUID, reason: str) -> AccessReview:
        """Raise NotFound, AccessDenied, LateAdministrator, BeyondReview, OwnAccess, or ReviewClosed."""
        found = await self.authority.find(actor, review_id)
        is_starter = found.started_by == actor.subject_id
        # Others than the starter have to be managers of roles.
        await self.authority.require_administrator(actor, found.organization_id if is_starter else None)
        async with self.uow.begin(of_review(actor, found.organization_id)) as tx:
            await tx.standings.guard()
            at = self.clock.now()
            review = await tx.access_reviews.lock(review_id)
            if review is None:
                raise NotFound(review_id=review_id)
            review.require_running(at)
            organization_id = review.organization_id if is_starter else None
            await require_administrator_now(tx, actor, review, organization_id=organization_id, at=at)
            if not is_starter:
                if await tx.access_reviews.is_open_for(review_id, actor.user_id):
                    raise OwnAccess
                subjects = await tx.access_reviews.subjects(review_id)
                await require_authority_over_all(tx, actor, subjects, review.organization_id, at=at)
            # Before the campaign itself: a line of a campaign that has ended does not change.
            await tx.access_reviews.cancel_open(review_id)
            with tx.change(audit.REVIEW, review, "cancel", at=at, reason=reason):
                review.cancel(reason=reason, at=at)
            if not is_starter:
                tx.announce(review_cancelled(review, at=at))
            return review
