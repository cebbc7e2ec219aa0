from dataclasses import dataclass

from identity.application.recovery import facts
from identity.application.recovery.queries import RecoveryQueries, RecoveryView
from kernel.actor import Actor
from kernel.pages import Page, PageRequest
from kernel.reads import Reads


@dataclass(frozen=True, slots=True)
class ListRecoveryRequests:
    """Page through requests for recovery, for those who decide on them. What others asked is on record as read."""

    queries: RecoveryQueries
    reads: Reads

    async def __call__(self, *, actor: Actor, status: str | None, page: PageRequest) -> Page[RecoveryView]:
        requests = await self.queries.recovery_requests(status, page)
        others = [request for request in requests.items if request.user_id != actor.user_id]
        if others:
            await self.reads.record(actor, facts.requests_listed(others, status=status))
        return requests
