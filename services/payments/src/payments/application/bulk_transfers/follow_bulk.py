from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.following import Followed
from payments.application.bulk_transfers.views import BulkView
from payments.application.bulk_transfers.visible_bulks import VisibleBulks


@dataclass(frozen=True, slots=True)
class FollowBulk:
    """Follow a bulk transfer while it runs. Only the first read of a request is recorded."""

    visible: VisibleBulks

    async def __call__(self, *, actor: Actor, bulk_id: UUID) -> Followed[BulkView]:
        """Raise NotFound."""

        async def read() -> BulkView | None:
            return await self.visible.views.bulk(bulk_id)

        first = await self.visible.read(actor=actor, bulk_id=bulk_id, verb="follow")
        return Followed(key=("bulk", bulk_id), first=first, read=read, permit=self.visible.require)
