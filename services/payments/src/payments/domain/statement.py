"""A statement: the opening balance of an account, its postings, and the closing balance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from payments.domain.errors import LedgerBroken


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One posting. `sequence` orders them; the amount is signed, credit-positive."""

    sequence: int
    posted_at: datetime
    transfer_id: UUID
    kind: str
    counterparty_id: UUID
    reference: str
    description: str
    amount: Decimal
    balance_after: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The lines of [since, until), oldest first. The constructor raises LedgerBroken if they do not add up."""

    account_id: UUID
    currency: str
    since: datetime
    until: datetime
    opening: Decimal
    lines: Sequence[StatementLine]

    def __post_init__(self) -> None:
        balance = self.opening
        for line in self.lines:
            balance += line.amount
            if balance != line.balance_after:
                raise LedgerBroken(account_id=self.account_id, sequence=line.sequence)

    @property
    def closing(self) -> Decimal:
        return self.lines[-1].balance_after if self.lines else self.opening

    @property
    def paid_in(self) -> Decimal:
        return sum((line.amount for line in self.lines if line.amount > 0), Decimal(0))

    @property
    def paid_out(self) -> Decimal:
        return -sum((line.amount for line in self.lines if line.amount < 0), Decimal(0))
