"""Read models of the ledger's accounts and their postings."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from kernel.pages import CursorPage, CursorRequest, Page, PageRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """An account must match every field that is set."""

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


class AccountViews(Protocol):
    async def find(self, account_id: UUID) -> AccountView | None: ...

    async def search(self, wanted: AccountFilter, page: PageRequest) -> Page[AccountView]:
        """List accounts: system accounts first, then wallets, oldest first."""

    async def postings(self, account_id: UUID, cursor: CursorRequest) -> CursorPage[PostingView]:
        """List an account's postings, newest first."""

    async def balance_at(self, account_id: UUID, instant: datetime) -> Decimal:
        """Return the balance after all postings before `instant`."""

    async def owners(self, account_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return the owners of accounts. System accounts have no owner."""
