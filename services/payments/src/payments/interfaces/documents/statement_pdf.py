"""A statement as PDF, set by typst."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from kernel.money import amount_text
from payments.domain.statement import Statement
from payments.interfaces.documents.csv_text import time_text

_TEMPLATE = Path(__file__).with_name("statement.typ")
# Setting takes a core for a fifth of a second and its memory: one at a time, or payments would have to wait for paper.
_ONE_AT_A_TIME = asyncio.Semaphore(1)


async def statement_pdf(statement: Statement, *, made_at: datetime) -> bytes:
    """Set the statement, beside the event loop."""
    async with _ONE_AT_A_TIME:
        return await asyncio.to_thread(_set, json.dumps(_data(statement, made_at)), made_at)


def _set(data: str, made_at: datetime) -> bytes:
    import typst  # noqa: PLC0415  # 40 MB that only a process which sets documents has need of

    seconds = int(made_at.timestamp())
    document = typst.compile(
        _TEMPLATE.read_bytes(), format="pdf", sys_inputs={"data": data}, ignore_system_fonts=True, timestamp=seconds
    )
    if not isinstance(document, bytes):
        raise TypeError(f"typst made {type(document).__name__}, not one PDF")
    return document


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
