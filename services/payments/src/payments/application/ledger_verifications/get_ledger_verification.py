from dataclasses import dataclass
from uuid import UUID

from kernel.errors import NotFound
from kernel.long_work import LongWork
from kernel.long_work_ports import LongWorkViews
from payments.application.ledger_verifications import audit


@dataclass(frozen=True, slots=True)
class GetLedgerVerification:
    """Get a verification's progress, or its result."""

    views: LongWorkViews

    async def __call__(self, *, verification_id: UUID) -> LongWork:
        """Raise NotFound."""
        found = await self.views.find(audit.KIND, verification_id)
        if found is None:
            raise NotFound(verification_id=verification_id)
        return found
