"""A statement as PDF, set by typst."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from chassis.files import time_text
from chassis.files.typeset import pdf
from kernel.money import amount_text
from payments.domain.statement import Statement

_TEMPLATE = Path(__file__).with_name("statement.typ")


async def statement_pdf(statement: Statement, *, made_at: datetime) -> bytes:
    return await pdf(_TEMPLATE, _data(statement, made_at), made_at=made_at)


def _data(statement: Statement, made_at: datetime) -> dict[str, object]:
    currency = statement.currency

    def text(amount: Decimal) -> str:
        return amount_text(amount, currency)

    return {
        "account_id": str(statement.account_id),
        "currency": currency,
        "since": _day(statement.since),
        "until": _day(statement.until),
        "made_at": time_text(made_at),
        "opening": text(statement.opening),
        "paid_in": text(statement.paid_in),
        "paid_out": text(statement.paid_out),
        "closing": text(statement.closing),
        "lines": [
            {
                "posted_at": _day(line.posted_at),
                "kind": line.kind,
                "description": line.description,
                "reference": line.reference,
                "transfer_id": str(line.transfer_id),
                "amount": text(line.amount),
                "balance": text(line.balance_after),
            }
            for line in statement.lines
        ],
    }


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
