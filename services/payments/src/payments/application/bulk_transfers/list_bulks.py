from dataclasses import dataclass

from kernel.actor import Actor
from kernel.pages import CursorPage, CursorRequest
from payments.application.bulk_transfers.views import BulkView, BulkViews


@dataclass(frozen=True, slots=True)
class ListBulks:
    """List the bulk transfers of the caller or the caller's organization, newest first."""

    views: BulkViews

    async def __call__(self, *, actor: Actor, cursor: CursorRequest) -> CursorPage[BulkView]:
        return await self.views.bulks_of(actor.acts_for, cursor)
