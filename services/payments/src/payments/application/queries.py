"""Reads, past the domain: frozen views by a SQL adapter."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from kernel.pages import CursorPage, CursorRequest, Page, PageRequest


@dataclass(frozen=True, slots=True)
class WalletView:
    id: UUID
    owner_id: UUID | None
    currency: str
    balance: Decimal
    version: int
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class TransferView:
    id: UUID
    kind: str
    source_id: UUID
    target_id: UUID
    amount: Decimal
    currency: str
    description: str
    initiator_id: UUID
    settled_at: datetime


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


@dataclass(frozen=True, slots=True)
class TrialBalanceLine:
    """The sums over all accounts of one currency; `total` is zero, or the ledger is broken."""

    currency: str
    wallets: Decimal
    system: Decimal
    total: Decimal
    accounts: int


class PaymentsQueries(Protocol):
    async def wallet(self, wallet_id: UUID) -> WalletView | None: ...

    async def wallets_of(self, owner_id: UUID, page: PageRequest) -> Page[WalletView]: ...

    async def transfer(self, transfer_id: UUID) -> TransferView | None: ...

    async def owns_either(self, owner_id: UUID, account_ids: tuple[UUID, ...]) -> bool:
        """Tell whether one of the accounts is a wallet of this owner."""

    async def transfers_of(self, owner_id: UUID, cursor: CursorRequest) -> CursorPage[TransferView]:
        """Page through what the owner's wallets sent and received, newest first."""

    async def postings(self, wallet_id: UUID, cursor: CursorRequest) -> CursorPage[PostingView]:
        """Page through a wallet's postings, newest first."""

    async def trial_balance(self) -> list[TrialBalanceLine]: ...
