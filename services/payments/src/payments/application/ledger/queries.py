"""What can be asked about the ledger as a whole."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TrialBalanceLine:
    """The sums over all accounts of one currency; `total` is zero, or the ledger is broken."""

    currency: str
    wallets: Decimal
    system: Decimal
    total: Decimal
    accounts: int


class LedgerQueries(Protocol):
    async def trial_balance(self) -> list[TrialBalanceLine]: ...
