from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from payments.application.bulk_transfers.views import BulkView
from payments.application.bulk_transfers.visible_bulks import VisibleBulks


@dataclass(frozen=True, slots=True)
class FollowBulk:
    """Read a bulk transfer repeatedly while it runs. Only the first read of a request is recorded."""

    visible: VisibleBulks

    async def __call__(self, *, actor: Actor, bulk_id: UUID, is_first: bool) -> BulkView:
        """Raise NotFound."""
        if is_first:
            return await self.visible.read(actor=actor, bulk_id=bulk_id, verb="follow")
        return await self.visible.find(actor=actor, bulk_id=bulk_id)
