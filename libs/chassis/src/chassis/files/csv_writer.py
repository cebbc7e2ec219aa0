"""Tables as CSV (RFC 4180) in UTF-8. Amounts are plain numbers, also when they are negative."""

import csv
from collections.abc import Sequence
from typing import Generic

from chassis.files.cells import reader_of
from chassis.files.table import Column, Row


class _Lines:
    """The output of a `csv.writer`. `take` returns and clears what was written since the last call."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def write(self, text: str) -> int:
        self._texts.append(text)
        return len(text)

    def take(self) -> bytes:
        taken, self._texts = self._texts, []
        # A lone surrogate has no encoding; it must not end the file.
        return "".join(taken).encode(errors="replace")


class CsvWriter(Generic[Row]):
    def __init__(self, columns: Sequence[Column[Row]]) -> None:
        self._names = [column.name for column in columns]
        self._readers = [reader_of(column) for column in columns]
        self._lines = _Lines()
        self._csv = csv.writer(self._lines)

    def begin(self) -> bytes:
        self._csv.writerow(self._names)
        return self._lines.take()

    def rows(self, rows: Sequence[Row], /) -> bytes:
        self._csv.writerows(zip(*[read(rows) for read in self._readers], strict=True))
        return self._lines.take()

    def end(self) -> bytes:
        return self._lines.take()

    def close(self) -> None:
        """Do nothing: nothing is open."""
