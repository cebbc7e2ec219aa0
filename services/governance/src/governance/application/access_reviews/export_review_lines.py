from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from governance.application.access_reviews.list_review_lines import ListReviewLines
from governance.application.access_reviews.views import LineFilter, ReviewLineView
from kernel.actor import Actor
from kernel.pages import CursorPage, CursorRequest

# One fact on record for each batch.
_BATCH: Final = 250


@dataclass(frozen=True, slots=True)
class ExportReviewLines:
    """Read all lines of a campaign that the caller may see. Each batch is recorded as a read before it is returned."""

    list_review_lines: ListReviewLines

    async def __call__(
        self, *, actor: Actor, review_id: UUID, wanted: LineFilter, reason: str
    ) -> AsyncIterator[Sequence[ReviewLineView]]:
        """Return the batches. Raise NotFound before the first is returned."""

        async def page(after: str | None) -> CursorPage[ReviewLineView]:
            cursor = CursorRequest(after, _BATCH)
            return await self.list_review_lines(actor=actor, review_id=review_id, cursor=cursor, wanted=wanted, reason=reason)

        async def batches(found: CursorPage[ReviewLineView]) -> AsyncIterator[Sequence[ReviewLineView]]:
            yield found.items
            while found.next_cursor is not None:
                found = await page(found.next_cursor)
                yield found.items

        # The first is read before the response begins, so that a failure still has its status.
        return batches(await page(None))
