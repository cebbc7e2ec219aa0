"""What was found not to add up."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.ids import new_id
from payments.application.verification.queries import Break

_ADD = text(
    """
    INSERT INTO ledger_breaks (id, account_id, what, expected, found, found_at)
    VALUES (:id, :account_id, :what, :expected, :found, :at) ON CONFLICT DO NOTHING RETURNING id
    """
)


class SqlBreaks:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, found: Break, *, at: datetime) -> bool:
        row = {"id": new_id(), "account_id": found.account_id, "what": found.what, "at": at}
        added = await self._session.execute(_ADD, {**row, "expected": found.expected, "found": found.found})
        return added.first() is not None
