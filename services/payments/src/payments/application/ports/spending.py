"""The amounts that owners have spent, for limits and approval rules."""

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
    """The amounts that an owner has spent, and the tier whose limits apply."""

    tier: str
    spending: Spending


Spendings = Mapping[tuple[UUID, str], OwnerLimits]


@dataclass(frozen=True, slots=True)
class SentQuestion:
    """The earlier requests of a payer that an approval rule with a window counts: those after `since`.

    `but_bulk` is the file that is judged, which is not counted.
    """

    payer_id: UUID
    rule: ApprovalRule
    since: datetime
    but_bulk: UUID | None = None


# By payer and the name of the rule.
Sent = Mapping[tuple[UUID, str], Decimal]


class SpendingBook(Protocol):
    async def lock(self, of: Sequence[tuple[UUID, str]]) -> Spendings:
        """Lock owners' spending in currencies, after the accounts, in the order of owner and currency."""

    async def begin(self, owner_id: UUID, currency: str, at: datetime) -> None:
        """Start to count an owner's spending in a currency, unless it is counted already."""

    async def save(self, spendings: Sequence[Spending]) -> None: ...

    async def sent(self, questions: Sequence[SentQuestion]) -> Sent:
        """Return what payers sent within the windows of rules. Under the lock, nothing is added meanwhile."""
