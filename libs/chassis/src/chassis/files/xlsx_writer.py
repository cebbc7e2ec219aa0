"""Tables as XLSX, written as a stream: no file on disk, and the first rows leave at once."""

from collections.abc import Sequence
from typing import IO, Final, Generic, cast
from zipfile import ZIP_DEFLATED, ZipFile

from chassis.files.table import Column, Row
from chassis.files.writer import Sink
from chassis.files.xlsx_cells import reader_of
from chassis.files.xlsx_parts import SHEET_END, document, letters, parts, sheet_start

# The limit of a sheet, with its header. Further rows are on further sheets.
SHEET_ROWS_MAX: Final = 1_048_576
# A part of 2 GiB or more needs extensions of ZIP that spreadsheets do not read.
_SHEET_BYTES_MAX: Final = 1_500_000_000
# Most of the saving for half the time of the default.
_COMPRESSION: Final = 3


class XlsxWriter(Generic[Row]):
    """Texts are inline, because a table of shared texts would have to be kept until the end."""

    def __init__(self, name: str, columns: Sequence[Column[Row]], *, sheet_rows_max: int = SHEET_ROWS_MAX) -> None:
        self._name = name
        self._columns = columns
        self._letters = letters(len(columns))
        self._readers = [reader_of(column) for column in columns]
        self._sheet_rows_max = sheet_rows_max
        self._sink = Sink()
        # The sink cannot seek, so each part's size and checksum follow it.
        self._zip = ZipFile(cast("IO[bytes]", self._sink), "w", ZIP_DEFLATED, compresslevel=_COMPRESSION)
        self._sheets = self._number = self._sheet_bytes = 0

    def begin(self) -> bytes:
        self._begin_sheet()
        return self._sink.take()

    def rows(self, rows: Sequence[Row], /) -> bytes:
        while rows:
            if self._number == self._sheet_rows_max or self._sheet_bytes > _SHEET_BYTES_MAX:
                self._end_sheet()
                self._begin_sheet()
            fitting = rows[: self._sheet_rows_max - self._number]
            self._write("".join([self._row(cells) for cells in zip(*[read(fitting) for read in self._readers], strict=True)]))
            rows = rows[len(fitting) :]
        return self._sink.take()

    def end(self) -> bytes:
        self._end_sheet()
        for path, xml in parts(self._name, self._sheets).items():
            with self._zip.open(path, "w") as part:
                part.write(document(xml))
        self._zip.close()
        return self._sink.take()

    def close(self) -> None:
        if self._sheets:
            self._sheet.close()
        self._zip.close()

    def _row(self, cells: tuple[str, ...]) -> str:
        self._number = number = self._number + 1
        written = [f'<c r="{letter}{number}"{cell}' for letter, cell in zip(self._letters, cells, strict=True) if cell]
        return f'<row r="{number}">{"".join(written)}</row>'

    def _begin_sheet(self) -> None:
        self._sheets += 1
        self._number, self._sheet_bytes = 1, 0
        self._sheet = self._zip.open(f"xl/worksheets/sheet{self._sheets}.xml", "w")
        self._write(sheet_start(self._columns))

    def _end_sheet(self) -> None:
        self._write(SHEET_END)
        self._sheet.close()

    def _write(self, xml: str) -> None:
        self._sheet_bytes += self._sheet.write(xml.encode())
