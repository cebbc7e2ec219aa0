"""What a batch of transfers needs of the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from payments.application.ports.spending import Sent, SentQuestion, Spendings
from payments.application.ports.transfers import Earlier
from payments.domain.account import Account
from payments.domain.limits import Spending
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class LedgerSnapshot:
    """What a batch is posted against.

    `taken` has the keys that name another kind of request, a file or a schedule.
    """

    accounts: Mapping[UUID, Account]
    earlier: Earlier
    spendings: Spendings
    taken: frozenset[tuple[UUID, str]] = frozenset()
    sent: Sent = field(default_factory=dict)


class Ledger(Protocol):
    """What a batch needs, whole, at a price that hardly grows with it."""

    async def lock(
        self,
        account_ids: Iterable[UUID],
        keys: Iterable[tuple[UUID, str]],
        sources: Iterable[UUID],
        questions: Sequence[SentQuestion] = (),
    ) -> LedgerSnapshot:
        """Lock accounts and, after them, what the owners of `sources` have spent; then look up keys, and what was sent.

        Each in its order, as `Accounts` and `SpendingBook` do. Keys and sums are read under the locks: of two requests with
        one key, the second sees the first's transfer, and of two that share a rule's window it counts the first.
        """

    def post(self, transfers: Sequence[Transfer], accounts: Sequence[Account], spendings: Sequence[Spending]) -> None:
        """Write transfers with their postings, balances and what has been spent, with the commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Something of an account that is not what its postings or holds say. `what` is "balance", "held" or "chain"."""

    account_id: UUID
    currency: str
    what: str
    expected: Decimal
    found: Decimal


class Breaks(Protocol):
    async def add(self, found: Break, *, at: datetime) -> bool:
        """Write a break; False when exactly this one is known already."""
