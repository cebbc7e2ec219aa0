"""Read models of transfers and their history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from kernel.errors import InvalidValue
from kernel.pages import CursorPage, CursorRequest
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferOrder


class HistoryTooLong(InvalidValue):
    """None of the newest 1,000,000 transfers matches; choose a period or another filter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """A transfer must match every field that is set. Periods are half open, [since, until).

    `owner_id`: transfers of this user's wallets; None, for staff only, means all users'.
    `since` and `until` limit the time of creation, `settled_since` and `settled_until` the time when the money moved.
    `reference` is matched exactly; `text` is searched in description and reference, ignoring case.
    """

    owner_id: UUID | None = None
    wallet_id: UUID | None = None
    counterparty_id: UUID | None = None
    status: str | None = None
    kind: str | None = None
    currency: str | None = None
    amount_min: Decimal | None = None
    amount_max: Decimal | None = None
    since: datetime | None = None
    until: datetime | None = None
    settled_since: datetime | None = None
    settled_until: datetime | None = None
    reference: str | None = None
    text: str | None = None


class TransferViews(Protocol):
    async def transfer(self, transfer_id: UUID) -> Transfer | None: ...

    async def linked(self, link_id: UUID) -> Sequence[TransferOrder]:
        """Return the orders of linked transfers, in no particular order."""

    async def payee_of(self, transfer_id: UUID) -> UUID | None:
        """Return the person who owns a transfer's target wallet, or None if it is an organization's or a system account."""

    async def owners(self, account_ids: tuple[UUID, ...]) -> frozenset[UUID]:
        """Return the owners of these accounts. System accounts have no owner."""


class TransferHistory(Protocol):
    async def history(self, wanted: HistoryFilter, cursor: CursorRequest) -> CursorPage[Transfer]:
        """List transfers, newest first.

        A page may be shorter than requested and still have a next page; an empty page is the last. Raise HistoryTooLong if a
        bounded number of transfers contains no match and more follow, InvalidValue for a cursor from other filters.
        """

    async def awaiting_approval(self, cursor: CursorRequest, *, organization_id: UUID | None) -> CursorPage[Transfer]:
        """List all users' transfers that await approval, newest first."""
