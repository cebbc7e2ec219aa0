"""Cells of XLSX (ECMA-376, part 1, 18.3.1.4): real numbers and times, and texts that are never formulas."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from chassis.files.cells import rate_text
from chassis.files.table import Column, ColumnType, Row
from kernel.money import CURRENCIES, amount_text

# A number is a double: a decimal of more digits would be rounded.
_DIGITS_MAX: Final = 15
# The limit of a cell, in UTF-16 units.
TEXT_UNITS_MAX: Final = 32_767
# Days are counted from here. Before March 1900, spreadsheets disagree, because one of them knows a 29 February 1900.
_EPOCH: Final = datetime(1899, 12, 30, tzinfo=UTC)
_FIRST: Final = datetime(1900, 3, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
# What XML cannot contain or would change is written as _xHHHH_, and so is an underscore that would begin such a sequence.
_SPECIAL: Final = re.compile("[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9a-fA-F]{4}_)")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

# The formats of cells; a style is the index of one.
MINOR_UNITS_MAX: Final = max(currency.minor_units for currency in CURRENCIES.values())
GENERAL, HEADER, TEXT, DIGITS, TIME, DATE, INTEGER = range(7)
_AMOUNT: Final = 7


def amount_style(minor_units: int) -> int:
    return _AMOUNT + minor_units


def text_cell(text: str, style: int = TEXT) -> str:
    return f' s="{style}" t="inlineStr"><is><t xml:space="preserve">{escaped(_clipped(text))}</t></is></c>'


def escaped(text: str) -> str:
    return _SPECIAL.sub(_replaced, text)


def reader_of(column: Column[Row]) -> Callable[[Sequence[Row]], list[str]]:
    """Return the function that reads a column of some rows: the text after `<c r="A1"`, or nothing for an empty cell."""
    if column.currency is not None:
        return _amount_reader(column.value, column.currency)
    value, cell = column.value, _CELLS[column.type]
    return lambda rows: ["" if found is None else cell(found) for found in map(value, rows)]


def _amount_reader(value: Callable[[Row], Any], currency: Callable[[Row], Any]) -> Callable[[Sequence[Row]], list[str]]:
    def read(rows: Sequence[Row]) -> list[str]:
        amounts = zip(map(value, rows), map(currency, rows), strict=True)
        return ["" if amount is None else _amount_cell(amount, code) for amount, code in amounts]

    return read


def _amount_cell(amount: Decimal, currency: str) -> str:
    return _number_cell(amount_text(amount, currency), amount_style(CURRENCIES[currency].minor_units))


def _number_cell(text: str, style: int) -> str:
    """Write a number, or its digits as text if a double cannot hold them."""
    significant = text.lstrip("-").replace(".", "").strip("0")
    if len(significant) > _DIGITS_MAX:
        return text_cell(text, DIGITS)
    return f' s="{style}"><v>{text}</v></c>'


def _time_cell(moment: datetime) -> str:
    if moment < _FIRST:
        return text_cell(moment.astimezone(UTC).isoformat())
    return f' s="{TIME}"><v>{(moment - _EPOCH) / _DAY!r}</v></c>'


def _date_cell(day: date) -> str:
    if day < _FIRST.date():
        return text_cell(day.isoformat())
    return f' s="{DATE}"><v>{(day - _EPOCH.date()).days}</v></c>'


_CELLS: Final[Mapping[ColumnType, Callable[[Any], str]]] = {
    ColumnType.ID: lambda value: text_cell(str(value)),
    ColumnType.CODE: lambda value: text_cell(str(value)),
    ColumnType.TEXT: text_cell,
    ColumnType.RATE: lambda value: _number_cell(rate_text(value), GENERAL),
    ColumnType.INTEGER: lambda value: _number_cell(str(value), INTEGER),
    ColumnType.FLAG: lambda value: f' t="b"><v>{int(value)}</v></c>',
    ColumnType.TIME: _time_cell,
    ColumnType.DATE: _date_cell,
}


def _clipped(text: str) -> str:
    """Cut a text that is longer than a cell may be. It then ends with an ellipsis."""
    if len(text) * 2 <= TEXT_UNITS_MAX:
        return text
    units = text.encode("utf-16-le", errors="surrogatepass")
    if len(units) <= TEXT_UNITS_MAX * 2:
        return text
    return units[: (TEXT_UNITS_MAX - 1) * 2].decode("utf-16-le", errors="ignore") + "…"


def _replaced(found: re.Match[str]) -> str:
    character = found[0]
    return _ENTITIES.get(character) or f"_x{ord(character):04X}_"
