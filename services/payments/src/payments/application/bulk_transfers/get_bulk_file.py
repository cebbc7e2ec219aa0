from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.objects import ObjectStore, ReadableFile
from payments.application.bulk_transfers.views import BulkViews
from payments.application.bulk_transfers.visible_bulks import VisibleBulks
from payments.domain.errors import FileNotKept


@dataclass(frozen=True, slots=True)
class GetBulkFile:
    """Find the file of a bulk transfer. Callers who may see the bulk transfer may read its file."""

    visible: VisibleBulks
    views: BulkViews
    objects: ObjectStore

    async def __call__(self, *, actor: Actor, bulk_id: UUID) -> ReadableFile:
        """Raise NotFound, or FileNotKept for bulk transfers of before files were kept. A read of another's file is recorded."""
        await self.visible.read(actor=actor, bulk_id=bulk_id, verb="read_file")
        file = await self.views.file(bulk_id)
        if not file:
            raise FileNotKept(bulk_id=bulk_id)
        return ReadableFile(file, self.objects)
