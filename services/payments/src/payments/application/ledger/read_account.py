from dataclasses import dataclass
from uuid import UUID

from kernel.errors import NotFound
from payments.application.ledger.queries import AccountView, LedgerQueries


@dataclass(frozen=True, slots=True)
class ReadAccount:
    """Read any account, for staff."""

    queries: LedgerQueries

    async def __call__(self, *, account_id: UUID) -> AccountView:
        account = await self.queries.account(account_id)
        if account is None:
            raise NotFound(account_id=account_id)
        return account
