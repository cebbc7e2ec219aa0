"""The formats of files, and their media types."""

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any, Final, Literal

from chassis.files.csv_writer import CsvWriter
from chassis.files.table import Row, Table
from chassis.files.writer import Writer, write_table
from chassis.files.xlsx_writer import XlsxWriter

TableFormat = Literal["csv", "xlsx", "parquet"]


class MediaType(StrEnum):
    CSV = "text/csv; charset=utf-8"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    PARQUET = "application/vnd.apache.parquet"
    PDF = "application/pdf"


CSV, XLSX, PARQUET, PDF = MediaType.CSV, MediaType.XLSX, MediaType.PARQUET, MediaType.PDF
_MEDIA_TYPES: Final[dict[TableFormat, MediaType]] = {"csv": CSV, "xlsx": XLSX, "parquet": PARQUET}


def media_type_of(format_: TableFormat) -> MediaType:
    return _MEDIA_TYPES[format_]


def file_responses(*media_types: MediaType) -> dict[int | str, dict[str, Any]]:
    """Return the responses with these files, as a route declares them."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"content": {media_type.partition(";")[0]: binary for media_type in media_types}}}


def written(table: Table[Row], format_: TableFormat) -> AsyncIterator[bytes]:
    """Yield the table as a file, in chunks. Parquet requires the extra `parquet`."""
    return write_table(table, _writer(table, format_))


def _writer(table: Table[Row], format_: TableFormat) -> Writer[Row]:
    if format_ == "csv":
        return CsvWriter(table.columns)
    if format_ == "xlsx":
        return XlsxWriter(table.name, table.columns)
    from chassis.files.parquet_writer import ParquetWriter  # noqa: PLC0415  # pyarrow takes 60 MB, and few services have it

    return ParquetWriter(table.columns)
