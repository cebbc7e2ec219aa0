"""The ledger as a whole."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from kernel.money import amount_text
from payments.application.ledger.queries import AccountView, TrialBalanceLine


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
