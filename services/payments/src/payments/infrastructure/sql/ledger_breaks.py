"""The breaks that the ledger's check has found."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.ids import new_id
from payments.application.ports.ledger import Break

_KNOWN = text(
    "SELECT FROM ledger_breaks WHERE account_id = :account_id AND what = :what AND expected = :expected AND found = :found"
)
_ADD = text(
    """
    INSERT INTO ledger_breaks (id, account_id, what, expected, found, found_at)
    VALUES (:id, :account_id, :what, :expected, :found, :at)
    """
)


class SqlBreakRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, found: Break, *, at: datetime) -> bool:
        row = {"account_id": found.account_id, "what": found.what, "expected": found.expected, "found": found.found}
        # Check first, under the account's lock: an attempt to write a known break would need an audit fact.
        if (await self._session.execute(_KNOWN, row)).first() is not None:
            return False
        await self._session.execute(_ADD, {**row, "id": new_id(), "at": at})
        return True
