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
    """None of the newest transfers matches, and one request looks through no more; choose a period or another filter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """Which transfers are wanted: all that is given must hold. Periods are half open, [since, until).

    `owner_id`: what this user's wallets send and receive; None, which only staff may ask, is everybody's.
    `since` and `until` are of the time of creation; `settled_since` and `settled_until` of the time when the money moved.
    `reference` is matched exactly; `text` is looked for in description and reference, in upper or lower case.
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
        """Return what transfers asked for that were made together, in no order."""

    async def payee_of(self, transfer_id: UUID) -> UUID | None:
        """Return whose wallet a transfer goes to, None when it goes to one of the platform's accounts."""

    async def owners(self, account_ids: tuple[UUID, ...]) -> frozenset[UUID]:
        """Return whose wallets these accounts are; the platform's own have no owner."""


class TransferHistory(Protocol):
    async def history(self, wanted: HistoryFilter, cursor: CursorRequest) -> CursorPage[Transfer]:
        """Page through transfers, newest first.

        A page may be short and still have a next; an empty one has none. Raises HistoryTooLong when a bounded number
        of transfers has none that is wanted and more follow, InvalidValue for a cursor of other filters.
        """

    async def awaiting_approval(self, cursor: CursorRequest) -> CursorPage[Transfer]:
        """Page through everybody's transfers that wait for a decision, newest first."""
