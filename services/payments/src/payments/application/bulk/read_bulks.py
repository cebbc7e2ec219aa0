from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import CursorPage, CursorRequest
from payments.application.bulk.queries import BulkLineView, BulkQueries, BulkView
from payments.application.wallets.read_wallets import READERS_OF_OTHERS
from payments.domain.bulk import LineStatus


@dataclass(frozen=True, slots=True)
class ReadBulks:
    """What whoever handed a bulk in, and staff, may see of it; to everybody else there is none."""

    queries: BulkQueries

    async def bulk(self, *, actor: Actor, bulk_id: UUID) -> BulkView:
        found = await self.queries.bulk(bulk_id)
        if not found or (found.initiator_id != actor.user_id and READERS_OF_OTHERS.isdisjoint(actor.roles)):
            raise NotFound(bulk_id=bulk_id)
        return found

    async def own(self, *, actor: Actor, cursor: CursorRequest) -> CursorPage[BulkView]:
        return await self.queries.bulks_of(actor.user_id, cursor)

    async def lines(
        self, *, actor: Actor, bulk_id: UUID, cursor: CursorRequest, statuses: Sequence[LineStatus] = ()
    ) -> CursorPage[BulkLineView]:
        await self.bulk(actor=actor, bulk_id=bulk_id)
        return await self.queries.bulk_lines(bulk_id, cursor, statuses=statuses)
