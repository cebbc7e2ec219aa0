"""Transfers as Parquet, for computing: exact decimals, times in UTC."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from payments.application.statements.views import Movement
from payments.interfaces.documents.transfer_columns import COLUMNS, ColumnType


class _Sink:
    """A write-only file for the Parquet writer. `take` returns and clears the bytes written so far."""

    closed = False

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, data: Any) -> int:
        chunk = bytes(data)
        self._chunks.append(chunk)
        return len(chunk)

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def take(self) -> bytes:
        taken, self._chunks = self._chunks, []
        return b"".join(taken)


async def transfers_parquet(batches: AsyncIterable[Sequence[Movement]]) -> AsyncIterator[bytes]:
    """Yield each batch as a row group; only one is in memory. Amounts are decimal128(38, 8), as wide as the ledger's columns."""
    import pyarrow as pa  # noqa: PLC0415  # 60 MB, needed only for Parquet exports
    import pyarrow.parquet as pq  # noqa: PLC0415

    types = {
        ColumnType.AMOUNT: pa.decimal128(38, 8),
        ColumnType.RATE: pa.decimal128(24, 14),
        ColumnType.TIME: pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([pa.field(column.name, types.get(column.type, pa.string())) for column in COLUMNS])
    sink = _Sink()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        async for batch in batches:
            arrays = [
                pa.array([_plain(column.value(movement)) for movement in batch], type=field.type)
                for column, field in zip(COLUMNS, schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            yield sink.take()
    yield sink.take()


def _plain(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value
