from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import AccessDenied, NotFound
from kernel.following import Followed
from kernel.long_work import LongWork
from kernel.long_work_ports import LongWorkViews
from payments.application.ledger_verifications import audit
from payments.application.ports.permissions import RECONCILE, Permissions


@dataclass(frozen=True, slots=True)
class FollowLedgerVerification:
    """Follow a verification until it ends, or until the caller may no longer verify the ledger."""

    views: LongWorkViews
    permissions: Permissions

    async def __call__(self, *, verification_id: UUID) -> Followed[LongWork]:
        """Raise NotFound."""

        async def read() -> LongWork | None:
            return await self.views.find(audit.KIND, verification_id)

        first = await read()
        if first is None:
            raise NotFound(verification_id=verification_id)
        return Followed(key=(audit.KIND, verification_id), first=first, read=read, permit=self._permit)

    def _permit(self, actor: Actor, _work: LongWork) -> None:
        if not self.permissions.allows(actor, RECONCILE):
            raise AccessDenied
