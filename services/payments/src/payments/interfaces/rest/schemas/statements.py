"""Statements of wallets."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel

from kernel.money import amount_text
from payments.domain.statement import Statement, StatementLine


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
    """The opening balance plus the amounts of all lines equals the closing balance."""

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
