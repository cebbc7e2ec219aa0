from collections.abc import Sequence
from dataclasses import dataclass

from governance.application.access_reviews.views import AccessReviewViews, ReviewKeyView


@dataclass(frozen=True, slots=True)
class ListReviewKeys:
    views: AccessReviewViews

    async def __call__(self) -> Sequence[ReviewKeyView]:
        """Return the public keys of all reports, newest first."""
        return await self.views.keys()
