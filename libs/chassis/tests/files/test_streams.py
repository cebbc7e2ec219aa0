"""Files are streams: of any length in constant memory, without a file on disk."""

import asyncio
import gc
import io
import subprocess
import sys
import tempfile
import weakref
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import openpyxl
import pyarrow.parquet as pq
import pytest

from chassis.files import Table, TableFormat, written, xlsx_writer
from chassis.files.parquet_writer import GROUP_ROWS_MAX
from chassis.files.xlsx_writer import XlsxWriter
from libs.chassis.tests.files.tables import COLUMNS, FORMATS, Line, file_of, sheets_of, table

AT: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROWS, ROWS_A_BATCH = 10_000, 500


class Batch(list[Line]):
    """A list that a set of weak references takes."""

    __hash__ = object.__hash__  # type: ignore[assignment]


class Source:
    """Batches that are watched: how many are in memory at once, and whether the reading was ended."""

    def __init__(self, rows: int = ROWS) -> None:
        self._rows = rows
        self._alive: weakref.WeakSet[Batch] = weakref.WeakSet()
        self.alive_max = 0
        self.read = 0
        self.is_closed = False

    async def batches(self) -> AsyncIterator[Sequence[Line]]:
        try:
            for start in range(0, self._rows, ROWS_A_BATCH):
                batch = Batch(line(number) for number in range(start, start + ROWS_A_BATCH))
                self._alive.add(batch)
                self.alive_max = max(self.alive_max, len(self._alive))
                self.read += 1
                yield batch
                del batch
        finally:
            self.is_closed = True

    @property
    def table(self) -> Table[Line]:
        return Table("lines", COLUMNS, self.batches())


def line(number: int) -> Line:
    return Line(text=f"line {number}", amount=Decimal(number), time=AT, count=number)


@pytest.mark.parametrize("format_", FORMATS)
async def test_ten_thousand_rows_are_written_with_one_batch_in_memory(format_: TableFormat) -> None:
    source = Source()

    document = await file_of(written(source.table, format_))

    # The one that is written, and the one that is being made.
    assert source.alive_max <= 2
    assert _rows(document, format_) == ROWS


@pytest.mark.parametrize("format_", FORMATS)
async def test_the_file_leaves_while_its_rows_arrive(format_: TableFormat) -> None:
    source = Source()
    chunks = written(source.table, format_)

    sent = [await anext(chunks) for _ in range(3)]

    assert all(sent)
    assert source.read < ROWS / ROWS_A_BATCH


@pytest.mark.parametrize("format_", FORMATS)
async def test_a_cancelled_download_ends_its_reading_and_leaves_no_file(format_: TableFormat, tmp_path: Path) -> None:
    source = Source()
    begun = asyncio.Event()

    async def download() -> None:
        async for _ in written(source.table, format_):
            begun.set()
            await asyncio.sleep(0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path))
        task = asyncio.create_task(download())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        gc.collect()
        await asyncio.sleep(0)

    assert source.is_closed or source.read == 0
    assert _files(tmp_path) == []


@pytest.mark.parametrize("format_", FORMATS)
async def test_other_tasks_run_while_a_batch_is_written(format_: TableFormat) -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    try:
        await file_of(written(Table("lines", COLUMNS, _one_batch(1_000)), format_))
    finally:
        task.cancel()

    assert turns >= 10


@pytest.mark.parametrize("format_", FORMATS)
async def test_a_table_without_rows_is_a_whole_file_with_its_header(format_: TableFormat) -> None:
    document = await file_of(written(table(), format_))

    assert _rows(document, format_) == 0
    assert _names(document, format_) == [column.name for column in COLUMNS]


@pytest.mark.parametrize("format_", FORMATS)
async def test_the_same_table_is_the_same_file(format_: TableFormat) -> None:
    assert await file_of(written(Source().table, format_)) == await file_of(written(Source().table, format_))


async def test_a_source_that_fails_fails_the_file() -> None:
    async def broken() -> AsyncIterator[Sequence[Line]]:
        yield [line(1)]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await file_of(written(Table("lines", COLUMNS, broken()), "xlsx"))


def test_rows_beyond_the_limit_of_a_sheet_are_on_further_sheets() -> None:
    writer = XlsxWriter("lines", COLUMNS, sheet_rows_max=4)
    document = (
        writer.begin() + writer.rows([line(n) for n in range(5)]) + writer.rows([line(n) for n in range(5, 7)]) + writer.end()
    )

    assert [[row["count"].value for row in sheet] for sheet in sheets_of(document)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert openpyxl.load_workbook(io.BytesIO(document)).sheetnames == ["lines", "lines 2", "lines 3"]


def test_a_sheet_that_has_grown_too_large_for_a_part_of_zip_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_writer, "_SHEET_BYTES_MAX", 3_000)
    writer = XlsxWriter("lines", COLUMNS)
    document = b"".join([writer.begin(), *(writer.rows([line(n), line(n)]) for n in range(20)), writer.end()])

    sheets = sheets_of(document)
    assert len(sheets) > 1
    assert [row["count"].value for sheet in sheets for row in sheet] == [n for n in range(20) for _ in range(2)]


async def test_a_sheet_is_ready_to_read() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(await file_of(written(Source(500).table, "xlsx")))).active

    assert sheet is not None
    assert (sheet.title, sheet.freeze_panes) == ("lines", "A2")
    assert sheet["A1"].font.b
    assert sheet.column_dimensions["A"].width == 38


async def test_the_parts_of_a_workbook_have_the_checksums_that_follow_them() -> None:
    archive = zipfile.ZipFile(io.BytesIO(await file_of(written(Source().table, "xlsx"))))

    assert archive.testzip() is None
    assert not any(b"<f>" in archive.read(name) for name in archive.namelist())


async def test_a_parquet_file_has_groups_of_rows() -> None:
    document = pq.ParquetFile(io.BytesIO(await file_of(written(Source().table, "parquet"))))

    assert document.num_row_groups == ROWS / GROUP_ROWS_MAX


def test_a_service_loads_no_library_of_a_format_that_it_does_not_write() -> None:
    script = """
import asyncio, pkgutil, sys
from importlib import import_module
from operator import attrgetter
from chassis.files import Column, ColumnType, Table, written
import chassis.files

for module in pkgutil.iter_modules(chassis.files.__path__, "chassis.files."):
    import_module(module.name)

async def rows():
    yield ["row"]

async def main():
    for format_ in ("csv", "xlsx"):
        table = Table("t", [Column("text", ColumnType.TEXT, str)], rows())
        async for _ in written(table, format_): pass

asyncio.run(main())
print(sorted({"pyarrow", "typst", "openpyxl", "numpy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603  # our own
    assert done.stdout.strip() == "[]"


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def _one_batch(rows: int) -> AsyncIterator[Sequence[Line]]:
    yield [line(number) for number in range(rows)]


def _rows(document: bytes, format_: TableFormat) -> int:
    if format_ == "csv":
        return document.count(b"\r\n") - 1
    if format_ == "xlsx":
        return len(sheets_of(document)[0])
    return int(pq.read_metadata(io.BytesIO(document)).num_rows)


def _names(document: bytes, format_: TableFormat) -> list[str]:
    if format_ == "csv":
        return document.decode().strip().split(",")
    if format_ == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(document)).active
        assert sheet is not None
        return [str(cell.value) for cell in sheet[1]]
    return list(pq.read_schema(io.BytesIO(document)).names)
