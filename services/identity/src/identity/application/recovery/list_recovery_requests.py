from dataclasses import dataclass

from identity.application.recovery import audit
from identity.application.recovery.views import RecoveryView, RecoveryViews
from identity.domain.recovery_request import RecoveryStatus
from kernel.actor import Actor
from kernel.pages import Page, PageRequest
from kernel.reads import Reads, ReasonRequired


@dataclass(frozen=True, slots=True)
class ListRecoveryRequests:
    """List recovery requests for those who decide on them. Requests of other users are recorded as read.

    A list of waiting requests is a work list; a list of decided requests is a search for people and requires a reason.
    """

    views: RecoveryViews
    reads: Reads

    async def __call__(
        self,
        *,
        actor: Actor,
        status: str | None,
        page: PageRequest,
        confirmed: bool | None = None,
        reason: str | None = None,
    ) -> Page[RecoveryView]:
        """Raise ReasonRequired, except for waiting requests."""
        is_search = status != RecoveryStatus.PENDING
        if is_search and reason is None:
            raise ReasonRequired
        requests = await self.views.recovery_requests(status, page, confirmed=confirmed)
        others = [request for request in requests.items if request.user_id != actor.user_id]
        if others or is_search:
            await self.reads.record(actor, audit.requests_listed(others, status=status, confirmed=confirmed, reason=reason))
        return requests
