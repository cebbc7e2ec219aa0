"""What can be asked about past transfers."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from kernel.errors import InvalidValue
from kernel.pages import CursorPage, CursorRequest
from payments.application.transfers.views import TransferView
from payments.domain.statement import Statement


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


class Direction(StrEnum):
    """`internal`: between two wallets of the same export, each of which has a movement of its own."""

    IN = "in"
    OUT = "out"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A transfer, and what it did to one wallet.

    `moved` is the sum of its postings on the wallet, in the wallet's currency: negative for money that left, fees
    included, zero while nothing has moved. `fee` is the part of it that is fees: positive where the wallet paid them,
    negative where it got them back.
    """

    transfer: TransferView
    wallet_id: UUID
    direction: Direction
    moved: Decimal
    currency: str
    fee: Decimal


class HistoryQueries(Protocol):
    async def history(self, wanted: HistoryFilter, cursor: CursorRequest) -> CursorPage[TransferView]:
        """Page through transfers, newest first.

        A page may be short and still have a next; an empty one has none. Raises HistoryTooLong when a bounded number
        of transfers has none that is wanted and more follow, InvalidValue for a cursor of other filters.
        """

    def movements(self, wanted: HistoryFilter, *, batch: int) -> AsyncIterator[Sequence[Movement]]:
        """Read all of a history, newest first, in batches of about that many transfers.

        A transfer has a movement for each wallet that `wanted` selects by owner or id: two when it is internal.
        """

    async def awaiting_approval(self, cursor: CursorRequest) -> CursorPage[TransferView]:
        """Page through everybody's transfers that wait for a decision, newest first."""


class StatementQueries(Protocol):
    async def statement(
        self, account_id: UUID, currency: str, *, since: datetime, until: datetime, lines_max: int
    ) -> Statement | None:
        """Return the statement of an account, of one moment; None when it would have more lines than that."""
