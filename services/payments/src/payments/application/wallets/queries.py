"""What can be asked about wallets."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, Self
from uuid import UUID

from kernel.pages import CursorPage, CursorRequest, Page, PageRequest
from payments.domain.account import Account


@dataclass(frozen=True, slots=True)
class WalletView:
    id: UUID
    owner_id: UUID | None
    currency: str
    balance: Decimal
    held: Decimal
    status: str
    name: str
    ceiling: Decimal | None
    version: int
    opened_at: datetime
    usage: str

    @classmethod
    def of(cls, account: Account) -> Self:
        """Show what was just written as it will be read."""
        return cls(
            account.id,
            account.owner_id,
            account.currency,
            account.balance,
            account.held,
            account.status,
            account.name,
            account.ceiling,
            account.version,
            account.opened_at,
            account.usage,
        )

    @property
    def available(self) -> Decimal:
        return self.balance - self.held


@dataclass(frozen=True, slots=True)
class PostingView:
    """`sequence` orders the postings of one account; the amount is signed."""

    sequence: int
    transfer_id: UUID
    counterparty_id: UUID
    amount: Decimal
    currency: str
    balance_after: Decimal
    description: str
    posted_at: datetime


class WalletQueries(Protocol):
    async def wallet(self, wallet_id: UUID) -> WalletView | None: ...

    async def wallets_of(self, owner_id: UUID, page: PageRequest) -> Page[WalletView]: ...

    async def postings(self, wallet_id: UUID, cursor: CursorRequest) -> CursorPage[PostingView]:
        """Page through a wallet's postings, newest first."""
