from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.pages import CursorPage, CursorRequest
from payments.application.bulk_transfers.views import BulkLineView, BulkViews
from payments.application.bulk_transfers.visible_bulks import VisibleBulks
from payments.domain.bulk import LineStatus


@dataclass(frozen=True, slots=True)
class ListBulkLines:
    """List a bulk transfer's lines, for callers who may read it."""

    visible: VisibleBulks
    views: BulkViews

    async def __call__(
        self, *, actor: Actor, bulk_id: UUID, cursor: CursorRequest, statuses: Sequence[LineStatus] = ()
    ) -> CursorPage[BulkLineView]:
        """Raise NotFound. Without statuses, return lines of every status."""
        await self.visible.read(actor=actor, bulk_id=bulk_id, verb="read_lines")
        return await self.views.bulk_lines(bulk_id, cursor, statuses=statuses)
