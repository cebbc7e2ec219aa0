"""The ledger as a whole."""

from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from kernel.money import amount_text
from payments.application.ledger.queries import AccountSum, AccountView, TrialBalance


class AccountSumResponse(BaseModel):
    """An account of the system's own, or all wallets together (`code` is null), in the column that its balance is in."""

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
    """`wallets`, `system` and `total` are credit-positive; the debits of `lines` are as much as their credits."""

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


class AccountResponse(BaseModel):
    """`balance` is credit-positive; `normal_side` is the side on which it grows. `code` names a system account."""

    id: UUID
    kind: str
    code: str | None
    owner_id: UUID | None
    currency: str
    normal_side: str
    balance: str
    held: str
    status: str
    status_reason: str | None
    ceiling: str | None
    version: int
    opened_at: datetime

    @classmethod
    def of(cls, view: AccountView) -> Self:
        return cls(
            id=view.id,
            kind=view.kind,
            code=view.code,
            owner_id=view.owner_id,
            currency=view.currency,
            normal_side=view.normal_side,
            balance=amount_text(view.balance, view.currency),
            held=amount_text(view.held, view.currency),
            status=view.status,
            status_reason=view.status_reason,
            ceiling=amount_text(view.ceiling, view.currency) if view.ceiling is not None else None,
            version=view.version,
            opened_at=view.opened_at,
        )
