"""Tables, written and read back in each format."""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import openpyxl
import pyarrow.parquet as pq

from chassis.files import Column, ColumnType, Table, TableFormat, written

FORMATS: Final[tuple[TableFormat, ...]] = ("csv", "xlsx", "parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    id: UUID | None = None
    code: str | None = None
    text: str | None = None
    amount: Decimal | None = None
    currency: str = "NAD"
    rate: Decimal | None = None
    count: int | None = None
    flag: bool | None = None
    time: datetime | None = None
    day: date | None = None


COLUMNS: Final[Sequence[Column[Line]]] = (
    Column("id", ColumnType.ID, attrgetter("id")),
    Column("code", ColumnType.CODE, attrgetter("code")),
    Column("text", ColumnType.TEXT, attrgetter("text")),
    Column("amount", ColumnType.AMOUNT, attrgetter("amount"), attrgetter("currency")),
    Column("rate", ColumnType.RATE, attrgetter("rate")),
    Column("count", ColumnType.INTEGER, attrgetter("count")),
    Column("flag", ColumnType.FLAG, attrgetter("flag")),
    Column("time", ColumnType.TIME, attrgetter("time")),
    Column("day", ColumnType.DATE, attrgetter("day")),
)


def table(*lines: Line) -> Table[Line]:
    return Table("lines", COLUMNS, batches(lines) if lines else batches())


async def batches(*of: Sequence[Line]) -> AsyncIterator[Sequence[Line]]:
    for batch in of:
        yield batch


async def file_of(chunks: AsyncIterable[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def as_csv(*lines: Line) -> list[dict[str, str]]:
    document = await file_of(written(table(*lines), "csv"))
    return list(csv.DictReader(io.StringIO(document.decode(), newline="")))


async def as_parquet(*lines: Line) -> list[dict[str, Any]]:
    document = await file_of(written(table(*lines), "parquet"))
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(document)).to_pylist()
    return rows


async def as_xlsx(*lines: Line) -> list[dict[str, Any]]:
    return sheets_of(await file_of(written(table(*lines), "xlsx")))[0]


def sheets_of(document: bytes) -> list[list[dict[str, Any]]]:
    """Return the cells (`openpyxl`) of the rows of each sheet, by column."""
    sheets: list[list[dict[str, Any]]] = []
    for sheet in openpyxl.load_workbook(io.BytesIO(document)):
        header, *rows = sheet.iter_rows()
        names = [str(cell.value) for cell in header]
        sheets.append([dict(zip(names, row, strict=True)) for row in rows])
    return sheets
