from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from compliance.application.audit.views import AuditViews, EntryFilter
from compliance.application.erasures.views import RetentionViews
from compliance.application.ports.transaction import UnitOfWork
from compliance.domain.retention import retain_until
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.erasures import ErasureRequest, acknowledge_erasure
from kernel.errors import Unavailable
from kernel.pages import CursorRequest

AUDIT_LOG: Final = "audit log: under the user's id, which then names nobody"
# Long enough for all facts from before the request to reach the log.
LOG_BEHIND: Final = timedelta(seconds=5)
_WALLETS_MAX = 100


@dataclass(frozen=True, slots=True)
class AcknowledgeErasure:
    """Report to identity until when the law requires that a user stays identifiable.

    The period starts at the end of the business relationship. There was one only if the user's money ever moved. The audit log
    does not change, because it contains only ids. The decisions of policies about the user's requests are removed.
    """

    uow: UnitOfWork
    log: AuditViews
    retention: RetentionViews
    clock: Clock

    async def __call__(self, *, actor: Actor, request: ErasureRequest) -> None:
        """Raise Unavailable if the log may still lack facts from before the request. The message is then redelivered."""
        at = self.clock.now()
        if at < request.requested_at + LOG_BEHIND:
            raise Unavailable(dependency="the audit log, to catch up")
        rules = await self.retention.retention_rules() if await self._has_moved_money(request.user_id) else ()
        until = retain_until(rules, request.requested_at)
        kept = (AUDIT_LOG, *(rule.text for rule in rules))
        after = {"retain_until": until.isoformat() if until else None, "rules": [rule.category for rule in rules]}
        async with self.uow.begin(actor) as tx:
            await tx.decisions.remove_of(request.user_id)
            acknowledge_erasure(tx, request, context="compliance", at=at, kept=kept, retain_until=until, after=after)

    async def _has_moved_money(self, user_id: UUID) -> bool:
        wallets = EntryFilter(related_to=str(user_id), producer="payments", resource_type="wallet")
        page = await self.log.entries(wallets, CursorRequest(limit=_WALLETS_MAX))
        concerned = {str(user_id), *(logged.entry.resource_id for logged in page.items)}
        for subject in sorted(concerned):
            transfers = EntryFilter(related_to=subject, producer="payments", resource_type="transfer")
            if (await self.log.entries(transfers, CursorRequest(limit=1))).items:
                return True
        return False
