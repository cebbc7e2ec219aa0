"""Port of a batch of transfers to the ledger."""

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
    """The data that a batch is posted against.

    `taken` has the keys that belong to another type of request, a file or a schedule.
    """

    accounts: Mapping[UUID, Account]
    earlier: Earlier
    spendings: Spendings
    taken: frozenset[tuple[UUID, str]] = frozenset()
    sent: Sent = field(default_factory=dict)


class LedgerRepository(Protocol):
    """Reads and writes of a whole batch, at a cost that hardly depends on its size."""

    async def lock(
        self,
        account_ids: Iterable[UUID],
        keys: Iterable[tuple[UUID, str]],
        sources: Iterable[UUID],
        questions: Sequence[SentQuestion] = (),
    ) -> LedgerSnapshot:
        """Lock accounts, then the spending of the owners of `sources`; then look up keys and what was sent.

        Lock each in the order of `AccountRepository` and `SpendingBook`. Keys and sums are read under the locks: of two
        requests with one key, the second sees the first's transfer, and of two in one rule's window, the second counts the first.
        """

    def post(self, transfers: Sequence[Transfer], accounts: Sequence[Account], spendings: Sequence[Spending]) -> None:
        """Write transfers with their postings, balances and spending, together with the commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A value of an account that disagrees with its postings or holds. `what` is "balance", "held" or "chain"."""

    account_id: UUID
    currency: str
    what: str
    expected: Decimal
    found: Decimal


class BreakRepository(Protocol):
    async def add(self, found: Break, *, at: datetime) -> bool:
        """Write a break. Return False if exactly this one is known already."""
