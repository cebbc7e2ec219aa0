"""The ledger as a whole."""

from typing import Self

from pydantic import BaseModel

from kernel.money import amount_text
from payments.application.ledger.queries import TrialBalanceLine


class TrialBalanceLineResponse(BaseModel):
    currency: str
    wallets: str
    system: str
    total: str
    accounts: int

    @classmethod
    def of(cls, line: TrialBalanceLine) -> Self:
        return cls(
            currency=line.currency,
            wallets=amount_text(line.wallets, line.currency),
            system=amount_text(line.system, line.currency),
            total=amount_text(line.total, line.currency),
            accounts=line.accounts,
        )


class TrialBalanceResponse(BaseModel):
    items: list[TrialBalanceLineResponse]
