from dataclasses import dataclass, replace
from uuid import UUID

from governance.application.access_reviews import audit
from governance.application.access_reviews.authority import ReviewAuthority
from governance.application.access_reviews.views import AccessReviewViews, LineFilter, ReviewLineView
from kernel.actor import Actor
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import Reads, given


@dataclass(frozen=True, slots=True)
class ListReviewLines:
    """List the lines of a campaign in the order of their numbers. Managers see the lines that they can decide.

    The read is recorded, under each person whose roles are shown.
    """

    views: AccessReviewViews
    authority: ReviewAuthority
    reads: Reads

    async def __call__(
        self, *, actor: Actor, review_id: UUID, cursor: CursorRequest, wanted: LineFilter, reason: str | None = None
    ) -> CursorPage[ReviewLineView]:
        """Raise NotFound."""
        review = await self.authority.find(actor, review_id)
        if not await self.authority.sees_all(actor, review.organization_id):
            wanted = replace(wanted, manager_id=actor.user_id)
        found = await self.views.review_lines(review_id, cursor, wanted)
        others = [line.subject_id for line in found.items if line.subject_id != actor.user_id]
        if others:
            await self.reads.record(
                actor,
                audit.read_of_lines(
                    review_id,
                    others,
                    filters=given(outcome=wanted.outcome, role=wanted.role, subject_id=wanted.subject_id),
                    shown=len(found.items),
                    reason=reason,
                ),
            )
        return found
