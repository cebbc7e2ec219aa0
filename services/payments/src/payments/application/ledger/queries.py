"""What can be asked about the ledger as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class AccountSum:
    """A line of the trial balance: an account of the system's own, or all wallets (`code` is None), credit-positive."""

    currency: str
    code: str | None
    normal_side: str
    balance: Decimal
    accounts: int


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """All accounts of one currency; their `total` is zero, or the ledger is broken."""

    currency: str
    lines: Sequence[AccountSum]

    @property
    def wallets(self) -> Decimal:
        return sum((line.balance for line in self.lines if line.code is None), Decimal(0))

    @property
    def system(self) -> Decimal:
        return sum((line.balance for line in self.lines if line.code is not None), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.wallets + self.system

    @property
    def accounts(self) -> int:
        return sum(line.accounts for line in self.lines)


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

    async def trial_balance(self) -> Sequence[TrialBalance]:
        """Return the trial balance of every currency, all of one moment."""
