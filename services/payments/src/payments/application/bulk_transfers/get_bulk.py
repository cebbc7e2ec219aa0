from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from payments.application.bulk_transfers.views import BulkView
from payments.application.bulk_transfers.visible_bulks import VisibleBulks


@dataclass(frozen=True, slots=True)
class GetBulk:
    visible: VisibleBulks

    async def __call__(self, *, actor: Actor, bulk_id: UUID) -> BulkView:
        """Raise NotFound. Reading another user's bulk transfer is recorded."""
        return await self.visible.read(actor=actor, bulk_id=bulk_id, verb="read")
