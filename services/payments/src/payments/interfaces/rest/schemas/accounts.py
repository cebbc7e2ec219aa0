"""Ledger accounts and their postings."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from kernel.money import amount_text
from payments.application.accounts.views import AccountView, PostingView


class AccountResponse(BaseModel):
    """`balance` is credit-positive. `normal_side` is the side on which the balance grows. `code` is set for system accounts."""

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


class PostingResponse(BaseModel):
    sequence: int
    transfer_id: UUID
    counterparty_wallet_id: UUID
    amount: str
    currency: str
    balance_after: str
    description: str
    posted_at: datetime

    @classmethod
    def of(cls, view: PostingView) -> Self:
        return cls(
            sequence=view.sequence,
            transfer_id=view.transfer_id,
            counterparty_wallet_id=view.counterparty_id,
            amount=amount_text(view.amount, view.currency),
            currency=view.currency,
            balance_after=amount_text(view.balance_after, view.currency),
            description=view.description,
            posted_at=view.posted_at,
        )
