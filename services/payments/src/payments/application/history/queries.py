"""What can be asked about past transfers."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from kernel.pages import CursorPage, CursorRequest
from payments.application.transfers.queries import TransferView
from payments.domain.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """Which transfers are wanted: all that is given must hold. Times are of the transfer's making, [since, until).

    `owner_id`: what this user's wallets send and receive; None, which only staff may ask, is everybody's.
    `text` is looked for in description and reference, whatever its case.
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
    text: str | None = None


class HistoryQueries(Protocol):
    async def history(self, wanted: HistoryFilter, cursor: CursorRequest) -> CursorPage[TransferView]:
        """Page through transfers, newest first.

        A page looks through a bounded number of transfers, however few of them are wanted: one that is not full, or
        empty, may have a next.
        """

    async def awaiting_approval(self, cursor: CursorRequest) -> CursorPage[TransferView]:
        """Page through everybody's transfers that wait for a decision, newest first."""


class StatementQueries(Protocol):
    async def statement(
        self, account_id: UUID, currency: str, *, since: datetime, until: datetime, lines_max: int
    ) -> Statement | None:
        """Return the statement of an account, of one moment; None when it would have more lines than that."""

    async def balance_at(self, account_id: UUID, instant: datetime) -> Decimal:
        """Return the balance that the account had at an instant: after every posting before it."""
