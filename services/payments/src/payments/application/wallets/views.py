"""Read models of wallets."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, Self
from uuid import UUID

from kernel.pages import Page, PageRequest
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
    organization_id: UUID | None

    @classmethod
    def of(cls, account: Account) -> Self:
        """Return the view of a wallet that was just written."""
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
            account.organization_id,
        )

    @property
    def available(self) -> Decimal:
        return self.balance - self.held


class WalletViews(Protocol):
    async def find(self, wallet_id: UUID) -> WalletView | None: ...

    async def of_owner(self, owner_id: UUID, page: PageRequest) -> Page[WalletView]:
        """List an owner's wallets, oldest first."""
