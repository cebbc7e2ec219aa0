"""What can be asked about the ledger as a whole."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class TrialBalanceLine:
    """The sums over all accounts of one currency; `total` is zero, or the ledger is broken."""

    currency: str
    wallets: Decimal
    system: Decimal
    total: Decimal
    accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """All that is given must hold."""

    kind: str | None = None
    status: str | None = None
    currency: str | None = None
    owner_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AccountView:
    id: UUID
    kind: str
    code: str | None
    owner_id: UUID | None
    currency: str
    normal_side: str
    balance: Decimal
    held: Decimal
    status: str
    status_reason: str | None
    ceiling: Decimal | None
    version: int
    opened_at: datetime


class LedgerQueries(Protocol):
    async def account(self, account_id: UUID) -> AccountView | None: ...

    async def accounts(self, wanted: AccountFilter, page: PageRequest) -> Page[AccountView]:
        """List accounts: the system's own first, then wallets, oldest first."""

    async def trial_balance(self) -> list[TrialBalanceLine]: ...
