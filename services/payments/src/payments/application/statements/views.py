"""Read models of statements and exports."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from payments.application.transfers.views import HistoryFilter
from payments.domain.statement import Statement
from payments.domain.transfer import Transfer


class Direction(StrEnum):
    """`internal`: between two wallets of the same export; each has its own movement."""

    IN = "in"
    OUT = "out"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A transfer, and its effect on one wallet.

    `moved` is the sum of its postings on the wallet, in the wallet's currency: negative for money that left (including fees),
    zero while nothing has moved. `fee` is the part of it that is fees: positive if the wallet paid them, negative if they
    were refunded to it.
    """

    transfer: Transfer
    wallet_id: UUID
    direction: Direction
    moved: Decimal
    currency: str
    fee: Decimal


class Movements(Protocol):
    def movements(self, wanted: HistoryFilter, *, batch: int) -> AsyncIterator[Sequence[Movement]]:
        """Read all of a history, newest first, in batches of about `batch` transfers.

        A transfer has a movement for each wallet that `wanted` selects by owner or id: two if both match.
        """


class StatementViews(Protocol):
    async def statement(
        self, account_id: UUID, currency: str, *, since: datetime, until: datetime, lines_max: int
    ) -> Statement | None:
        """Return the statement of an account from one snapshot, or None if it would have more than `lines_max` lines."""
