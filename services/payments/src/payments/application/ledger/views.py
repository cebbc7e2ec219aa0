"""Read models of the whole ledger and of its own check."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from payments.application.ports.ledger import Break


@dataclass(frozen=True, slots=True)
class AccountSum:
    """A line of the trial balance: a system account, or all wallets together (`code` is None), credit-positive."""

    currency: str
    code: str | None
    normal_side: str
    balance: Decimal
    accounts: int


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """All accounts of one currency. Unless their `total` is zero, the ledger is broken."""

    currency: str
    lines: Sequence[AccountSum]

    @property
    def wallets(self) -> Decimal:
        return sum((line.balance for line in self.lines if line.code is None), Decimal(0))

    @property
    def system(self) -> Decimal:
        return sum((line.balance for line in self.lines if line.code is not None), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.wallets + self.system

    @property
    def accounts(self) -> int:
        return sum(line.accounts for line in self.lines)


class LedgerViews(Protocol):
    async def trial_balance(self) -> Sequence[TrialBalance]:
        """Return the trial balances of all currencies at one moment."""


@dataclass(frozen=True, slots=True)
class CheckRound:
    """The result of one round: the number of accounts checked, and what did not add up."""

    accounts: int
    breaks: Sequence[Break]


@dataclass(frozen=True, slots=True)
class CurrencySum:
    """The sum of all balances of a currency. If it is not zero, money was created or lost."""

    currency: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one rule over the whole ledger. `broken` has the first rows that break it, as text."""

    rule: str
    broken: tuple[str, ...]


class LedgerCheck(Protocol):
    async def derive(self, *, accounts_max: int, at: datetime) -> CheckRound:
        """Recompute the balances of accounts that moved since their last check, from their new postings only."""

    async def sums(self) -> Sequence[CurrencySum]: ...


class LedgerAlarm(Protocol):
    """Reports the check's results to the people who watch the ledger."""

    def broken(self, found: Break) -> None: ...

    def sums(self, sums: Sequence[CurrencySum]) -> None: ...

    def checked(self, at: datetime) -> None: ...
