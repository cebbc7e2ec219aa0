"""The ledger as a whole."""

from decimal import Decimal
from typing import Self

from pydantic import BaseModel

from kernel.money import amount_text
from payments.application.ledger.views import AccountSum, TrialBalance


class AccountSumResponse(BaseModel):
    """A system account, or all wallets together (`code` is null), with its balance as a debit or as a credit."""

    code: str | None
    normal_side: str
    debit: str
    credit: str
    accounts: int

    @classmethod
    def of(cls, line: AccountSum) -> Self:
        return cls(
            code=line.code,
            normal_side=line.normal_side,
            debit=amount_text(max(Decimal(0), -line.balance), line.currency),
            credit=amount_text(max(Decimal(0), line.balance), line.currency),
            accounts=line.accounts,
        )


class TrialBalanceLineResponse(BaseModel):
    """`wallets`, `system` and `total` are credit-positive. The debits and the credits of `lines` have the same sum."""

    currency: str
    wallets: str
    system: str
    total: str
    accounts: int
    lines: list[AccountSumResponse]

    @classmethod
    def of(cls, balance: TrialBalance) -> Self:
        return cls(
            currency=balance.currency,
            wallets=amount_text(balance.wallets, balance.currency),
            system=amount_text(balance.system, balance.currency),
            total=amount_text(balance.total, balance.currency),
            accounts=balance.accounts,
            lines=[AccountSumResponse.of(line) for line in balance.lines],
        )


class TrialBalanceResponse(BaseModel):
    items: list[TrialBalanceLineResponse]
