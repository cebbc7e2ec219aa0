"""The text of cells."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from chassis.files.table import Column, ColumnType, Row
from kernel.money import amount_text

# Spreadsheets run a cell that begins with one of these as a formula (OWASP: CSV injection; ASVS 5.0, 1.2.10). A spreadsheet whose
# locale separates by semicolons ignores our quotes and begins a cell after any semicolon, tab or line break within a text.
_FORMULA: Final = re.compile(r'^(?=[=+\-@\t\r\n\0＝＋－＠])|(?<=[;\t\r\n])"*(?=[=+\-@＝＋－＠])')  # noqa: RUF001  # full-width signs


def safe(text: str) -> str:
    """Escape text so that a spreadsheet shows it and does not evaluate it."""
    return _FORMULA.sub(r"\g<0>'", text)


def time_text(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC, as the REST interface writes it."""
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


def rate_text(rate: Decimal) -> str:
    return f"{rate.normalize():f}"


def flag_text(flag: bool) -> str:
    return "true" if flag else "false"


TEXTS: Final[Mapping[ColumnType, Callable[[Any], str]]] = {
    ColumnType.ID: str,
    ColumnType.CODE: str,
    ColumnType.TEXT: safe,
    ColumnType.RATE: rate_text,
    ColumnType.INTEGER: str,
    ColumnType.FLAG: flag_text,
    ColumnType.TIME: time_text,
    ColumnType.DATE: str,
}


def reader_of(column: Column[Row]) -> Callable[[Sequence[Row]], list[str]]:
    """Return the function that reads a column of some rows as texts: empty where there is no value.

    Columns are read one after the other, because a function call for each cell would double the time.
    """
    if column.currency is not None:
        return _amount_reader(column.value, column.currency)
    value, text = column.value, TEXTS[column.type]
    return lambda rows: ["" if found is None else text(found) for found in map(value, rows)]


def _amount_reader(value: Callable[[Row], Any], currency: Callable[[Row], Any]) -> Callable[[Sequence[Row]], list[str]]:
    def read(rows: Sequence[Row]) -> list[str]:
        amounts = zip(map(value, rows), map(currency, rows), strict=True)
        return ["" if amount is None else amount_text(amount, code) for amount, code in amounts]

    return read
