"""A statement as a table: the opening balance, the lines, and the closing balance."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from typing import Final
from uuid import UUID

from chassis.files import Column, ColumnType, Table
from payments.domain.statement import Statement

_ROWS_A_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """A line of a statement, or a balance at its beginning or end (`kind` is `opening` or `closing`)."""

    posted_at: datetime
    kind: str
    currency: str
    balance: Decimal
    transfer_id: UUID | None = None
    counterparty: UUID | None = None
    reference: str = ""
    description: str = ""
    amount: Decimal | None = None


def _column(name: str, type_: ColumnType) -> Column[StatementRow]:
    currency = attrgetter("currency") if type_ is ColumnType.AMOUNT else None
    return Column(name, type_, attrgetter(name), currency)


COLUMNS: Final = (
    _column("posted_at", ColumnType.TIME),
    _column("transfer_id", ColumnType.ID),
    _column("kind", ColumnType.CODE),
    _column("counterparty", ColumnType.ID),
    _column("reference", ColumnType.TEXT),
    _column("description", ColumnType.TEXT),
    _column("amount", ColumnType.AMOUNT),
    _column("currency", ColumnType.CODE),
    _column("balance", ColumnType.AMOUNT),
)


def statement_table(statement: Statement) -> Table[StatementRow]:
    return Table("statement", COLUMNS, _batches(statement))


async def _batches(statement: Statement) -> AsyncIterator[Sequence[StatementRow]]:
    rows = _rows(statement)
    while batch := list(islice(rows, _ROWS_A_BATCH)):
        yield batch


def _rows(statement: Statement) -> Iterator[StatementRow]:
    currency = statement.currency
    yield StatementRow(posted_at=statement.since, kind="opening", currency=currency, balance=statement.opening)
    for line in statement.lines:
        yield StatementRow(
            posted_at=line.posted_at,
            transfer_id=line.transfer_id,
            kind=line.kind,
            counterparty=line.counterparty_id,
            reference=line.reference,
            description=line.description,
            amount=line.amount,
            currency=currency,
            balance=line.balance_after,
        )
    yield StatementRow(posted_at=statement.until, kind="closing", currency=currency, balance=statement.closing)
