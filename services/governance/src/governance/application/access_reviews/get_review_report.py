from dataclasses import dataclass
from uuid import UUID

from governance.application.access_reviews.authority import ReviewAuthority
from governance.application.access_reviews.views import AccessReviewViews, SignedReportView
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.reads import ReadOfOthers, Reads


@dataclass(frozen=True, slots=True)
class GetReviewReport:
    """Get the signed report of a completed campaign, for its administrators and for auditors. The read is recorded."""

    views: AccessReviewViews
    authority: ReviewAuthority
    reads: Reads

    async def __call__(self, *, actor: Actor, review_id: UUID) -> SignedReportView:
        """Raise NotFound, also before there is a report."""
        review = await self.authority.find(actor, review_id)
        report = await self.views.report(review_id) if await self.authority.sees_all(actor, review.organization_id) else None
        if report is None:
            raise NotFound(review_id=review_id)
        others = await self.views.subjects(review_id)
        await self.reads.record(
            actor,
            ReadOfOthers(
                action="governance.access_review.report",
                resource_id=str(review_id),
                owners=[subject_id for subject_id in others if subject_id != actor.user_id],
            ),
        )
        return report
