"""Transfers as CSV (RFC 4180)."""

import csv
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

from kernel.money import amount_text
from payments.application.statements.views import Movement
from payments.interfaces.documents.csv_text import Lines, safe, time_text
from payments.interfaces.documents.transfer_columns import COLUMNS, Column, ColumnType

HEADER: Final = tuple(column.name for column in COLUMNS)
_TEXTS: Final[Mapping[ColumnType, Callable[[Any], object]]] = {
    ColumnType.ID: str,
    ColumnType.CODE: str,
    ColumnType.WORDS: safe,
    ColumnType.RATE: lambda rate: f"{rate.normalize():f}",
    ColumnType.TIME: time_text,
}


async def transfers_csv(batches: AsyncIterable[Sequence[Movement]]) -> AsyncIterator[bytes]:
    """Yield the header, then each batch as it arrives. Only one batch is in memory."""
    lines = Lines()
    writer = csv.writer(lines)
    writer.writerow(HEADER)
    yield lines.take()
    async for batch in batches:
        writer.writerows([_text(column, movement) for column in COLUMNS] for movement in batch)
        yield lines.take()


def _text(column: Column, movement: Movement) -> object:
    """Return the cell's text, empty if it has no value."""
    value = column.value(movement)
    if value is None:
        return ""
    if column.type is ColumnType.AMOUNT:
        return amount_text(value, column.currency(movement))
    return _TEXTS[column.type](value)
