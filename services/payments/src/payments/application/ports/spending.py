"""What owners have spent, which their limits and approval rules count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from payments.domain.approval import ApprovalRule
from payments.domain.limits import Spending


@dataclass(frozen=True, slots=True)
class OwnerLimits:
    """What an owner has spent, and the tier that says how much more may be."""

    tier: str
    spending: Spending


Spendings = Mapping[tuple[UUID, str], OwnerLimits]


@dataclass(frozen=True, slots=True)
class SentQuestion:
    """What of a payer's earlier requests an approval rule with a window counts: everything from `since` on.

    `but_bulk` is the file that is judged, which is no part of what was sent before it.
    """

    payer_id: UUID
    rule: ApprovalRule
    since: datetime
    but_bulk: UUID | None = None


# By payer and the name of the rule.
Sent = Mapping[tuple[UUID, str], Decimal]


class SpendingBook(Protocol):
    async def lock(self, of: Sequence[tuple[UUID, str]]) -> Spendings:
        """Lock what owners have spent in currencies, after the accounts, in order of owner and currency."""

    async def begin(self, owner_id: UUID, currency: str, at: datetime) -> None:
        """Begin to count for an owner in a currency; one that is counted already goes on."""

    async def save(self, spendings: Sequence[Spending]) -> None: ...

    async def sent(self, questions: Sequence[SentQuestion]) -> Sent:
        """Tell what payers sent within the windows of rules; under the lock, nothing can come meanwhile."""
