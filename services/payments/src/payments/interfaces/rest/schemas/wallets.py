"""Wallets, their postings and their statements."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chassis.rest import ONE_LINE, AmountText, RequestModel
from kernel.money import amount_text
from payments.application.wallets.views import WalletView
from payments.domain.account import WalletUsage
from payments.domain.statement import Statement, StatementLine
from payments.interfaces.rest.schemas.fields import CurrencyCode, Reason

WalletName = Annotated[str, Field(max_length=60, examples=["savings"]), ONE_LINE]


class OpenWalletRequest(RequestModel):
    currency: CurrencyCode
    name: WalletName = ""

    model_config = ConfigDict(json_schema_extra={"examples": [{"currency": "USD", "name": "travel"}]})


class RenameWalletRequest(RequestModel):
    name: WalletName


class FreezeWalletRequest(RequestModel):
    reason: Reason


class WalletCeilingRequest(RequestModel):
    """Without an amount, as much as any wallet holds."""

    amount: AmountText | None
    reason: Reason


class WalletUsageRequest(RequestModel):
    """`merchant`: money to the wallet is a payment. `personal`: it is a transfer."""

    usage: WalletUsage
    reason: Reason

    model_config = ConfigDict(json_schema_extra={"examples": [{"usage": "merchant", "reason": "trading licence checked"}]})


class WalletResponse(BaseModel):
    """`available` is the balance less what is on hold."""

    id: UUID
    currency: str
    balance: str
    held: str
    available: str
    status: str
    usage: WalletUsage
    name: str
    ceiling: str | None
    version: int
    opened_at: datetime

    @classmethod
    def of(cls, view: WalletView) -> Self:
        return cls(
            id=view.id,
            currency=view.currency,
            balance=amount_text(view.balance, view.currency),
            held=amount_text(view.held, view.currency),
            available=amount_text(view.available, view.currency),
            status=view.status,
            usage=WalletUsage(view.usage),
            name=view.name,
            ceiling=amount_text(view.ceiling, view.currency) if view.ceiling is not None else None,
            version=view.version,
            opened_at=view.opened_at,
        )


class BalanceResponse(BaseModel):
    wallet_id: UUID
    as_of: datetime
    balance: str
    currency: str


class StatementLineResponse(BaseModel):
    sequence: int
    posted_at: datetime
    transfer_id: UUID
    kind: str
    counterparty_wallet_id: UUID
    reference: str
    description: str
    amount: str
    balance_after: str

    @classmethod
    def of(cls, line: StatementLine, currency: str) -> "StatementLineResponse":
        return cls.model_construct(
            sequence=line.sequence,
            posted_at=line.posted_at,
            transfer_id=line.transfer_id,
            kind=line.kind,
            counterparty_wallet_id=line.counterparty_id,
            reference=line.reference,
            description=line.description,
            amount=amount_text(line.amount, currency),
            balance_after=amount_text(line.balance_after, currency),
        )


class StatementResponse(BaseModel):
    """The opening balance and the lines make the closing balance."""

    wallet_id: UUID
    currency: str
    since: datetime
    until: datetime
    opening_balance: str
    paid_in: str
    paid_out: str
    closing_balance: str
    lines: list[StatementLineResponse]

    @classmethod
    def of(cls, statement: Statement) -> "StatementResponse":
        def text(amount: Decimal) -> str:
            return amount_text(amount, statement.currency)

        return cls.model_construct(
            wallet_id=statement.account_id,
            currency=statement.currency,
            since=statement.since,
            until=statement.until,
            opening_balance=text(statement.opening),
            paid_in=text(statement.paid_in),
            paid_out=text(statement.paid_out),
            closing_balance=text(statement.closing),
            lines=[StatementLineResponse.of(line, statement.currency) for line in statement.lines],
        )
