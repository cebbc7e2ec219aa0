"""Wallets and their postings."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from kernel.money import amount_text
from payments.application.wallets.queries import PostingView, WalletView


class WalletResponse(BaseModel):
    id: UUID
    currency: str
    balance: str
    version: int
    opened_at: datetime

    @classmethod
    def of(cls, view: WalletView) -> Self:
        return cls(
            id=view.id,
            currency=view.currency,
            balance=amount_text(view.balance, view.currency),
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
