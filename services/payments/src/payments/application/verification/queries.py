"""What the ledger's own check reads and remembers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Something of an account that is not what its postings or holds say. `what` is "balance", "held" or "chain"."""

    account_id: UUID
    currency: str
    what: str
    expected: Decimal
    found: Decimal


@dataclass(frozen=True, slots=True)
class Checked:
    """What one round looked at: accounts whose balance was derived again, and what did not add up."""

    accounts: int
    breaks: Sequence[Break]


@dataclass(frozen=True, slots=True)
class CurrencySum:
    """The sum of all balances of a currency; anything but zero is money made or lost."""

    currency: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class Finding:
    """What the whole ledger says of one rule: `broken` are the first rows that break the rule, as text."""

    rule: str
    broken: tuple[str, ...]


class LedgerCheck(Protocol):
    async def derive(self, *, accounts_max: int, at: datetime) -> Checked:
        """Derive the balances of accounts that moved since they were last looked at, each from its new postings only."""

    async def sums(self) -> Sequence[CurrencySum]: ...


class Breaks(Protocol):
    async def add(self, found: Break, *, at: datetime) -> bool:
        """Write a break; False when exactly this one is known already."""


class Alarm(Protocol):
    """Tells the people who watch."""

    def broken(self, found: Break) -> None: ...

    def sums(self, sums: Sequence[CurrencySum]) -> None: ...

    def checked(self, at: datetime) -> None: ...
