from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import Reads
from payments.application.bulk_transfers import audit
from payments.application.bulk_transfers.views import BulkLineView, BulkQueries, BulkView
from payments.application.ports.permissions import READ_ANY_TRANSFER, Permissions
from payments.domain.approval import APPROVED_BY
from payments.domain.bulk import BulkStatus, LineStatus


@dataclass(frozen=True, slots=True)
class ReadBulks:
    """Bulks, for their initiator, for those who may decide on them, and with `transfer:read_any`; to others there is none."""

    queries: BulkQueries
    permissions: Permissions
    reads: Reads

    async def bulk(self, *, actor: Actor, bulk_id: UUID, verb: str = "read") -> BulkView:
        """Raise NotFound. Reading another's is recorded; `verb` says what was read."""
        found = await self.again(actor=actor, bulk_id=bulk_id)
        if found.initiator_id != actor.user_id:
            await self.reads.record(actor, audit.read(found, verb))
        return found

    async def again(self, *, actor: Actor, bulk_id: UUID) -> BulkView:
        """Read a bulk again within a request that has recorded the read; raises NotFound."""
        found = await self.queries.bulk(bulk_id)
        if not found or not self._may_see(actor, found):
            raise NotFound(bulk_id=bulk_id)
        return found

    async def awaiting_approval(self, *, actor: Actor, cursor: CursorRequest) -> CursorPage[BulkView]:
        """Page through everybody's bulks that wait for a decision; a page with others' is recorded."""
        page = await self.queries.bulks_awaiting_approval(cursor)
        others = [bulk.initiator_id for bulk in page.items if bulk.initiator_id != actor.user_id]
        if others:
            await self.reads.record(actor, audit.waiting_listed(others))
        return page

    async def own(self, *, actor: Actor, cursor: CursorRequest) -> CursorPage[BulkView]:
        return await self.queries.bulks_of(actor.user_id, cursor)

    async def lines(
        self, *, actor: Actor, bulk_id: UUID, cursor: CursorRequest, statuses: Sequence[LineStatus] = ()
    ) -> CursorPage[BulkLineView]:
        await self.bulk(actor=actor, bulk_id=bulk_id, verb="read_lines")
        return await self.queries.bulk_lines(bulk_id, cursor, statuses=statuses)

    def _may_see(self, actor: Actor, bulk: BulkView) -> bool:
        if actor.user_id in {bulk.initiator_id, bulk.decided_by} or self.permissions.allows(actor, READ_ANY_TRANSFER):
            return True
        return bulk.status == BulkStatus.PENDING_APPROVAL and self.permissions.allows(actor, APPROVED_BY)
