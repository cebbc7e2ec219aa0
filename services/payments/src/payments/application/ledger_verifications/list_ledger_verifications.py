from dataclasses import dataclass

from kernel.long_work import LongWork
from kernel.long_work_ports import LongWorkViews
from kernel.pages import CursorPage, CursorRequest
from payments.application.ledger_verifications import audit


@dataclass(frozen=True, slots=True)
class ListLedgerVerifications:
    """List the verifications, newest first."""

    views: LongWorkViews

    async def __call__(self, *, cursor: CursorRequest) -> CursorPage[LongWork]:
        return await self.views.page(audit.KIND, cursor)
