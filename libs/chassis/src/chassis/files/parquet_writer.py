"""Tables as Parquet, for computing: exact decimals, times in UTC."""

from collections.abc import Sequence
from typing import Any, Final, Generic

from chassis.files.table import Column, ColumnType, Row
from chassis.files.writer import Sink

# A reader decodes whole row groups, and each repeats the dictionary of its columns. Bounds the memory of a download.
GROUP_ROWS_MAX: Final = 2_000


class ParquetWriter(Generic[Row]):
    """Amounts are decimal128(38, 8), as wide as the ledger's columns."""

    def __init__(self, columns: Sequence[Column[Row]]) -> None:
        import pyarrow as pa  # noqa: PLC0415  # 60 MB, needed only for Parquet
        import pyarrow.parquet as pq  # noqa: PLC0415

        types = {
            ColumnType.AMOUNT: pa.decimal128(38, 8),
            ColumnType.RATE: pa.decimal128(24, 14),
            ColumnType.INTEGER: pa.int64(),
            ColumnType.FLAG: pa.bool_(),
            ColumnType.TIME: pa.timestamp("us", tz="UTC"),
            ColumnType.DATE: pa.date32(),
        }
        self._pa = pa
        self._columns = columns
        self._schema = pa.schema([pa.field(column.name, types.get(column.type, pa.string())) for column in columns])
        self._sink = Sink()
        self._file = pq.ParquetWriter(pa.PythonFile(self._sink, mode="w"), self._schema, compression="zstd")
        self._group: list[Any] = []
        self._group_rows = 0

    def begin(self) -> bytes:
        return self._sink.take()

    def rows(self, rows: Sequence[Row], /) -> bytes:
        arrays = [
            self._pa.array(_values(column, rows), type=field.type)
            for column, field in zip(self._columns, self._schema, strict=True)
        ]
        self._group.append(self._pa.record_batch(arrays, schema=self._schema))
        self._group_rows += len(rows)
        if self._group_rows >= GROUP_ROWS_MAX:
            self._write_group()
        return self._sink.take()

    def end(self) -> bytes:
        if self._group:
            self._write_group()
        self._file.close()
        return self._sink.take()

    def close(self) -> None:
        if self._file.is_open:
            self._file.close()

    def _write_group(self) -> None:
        self._file.write_table(self._pa.Table.from_batches(self._group, self._schema))
        self._group, self._group_rows = [], 0


def _values(column: Column[Row], rows: Sequence[Row]) -> list[Any]:
    values = map(column.value, rows)
    return [None if value is None else str(value) for value in values] if column.type is ColumnType.ID else list(values)
