"""Transfers as Parquet, for those who compute with them: exact decimals, times in UTC."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from payments.application.transfers.queries import TransferView

_COLUMNS: Final = (
    "id", "kind", "status", "source_id", "target_id", "amount", "currency", "fee_total", "target_amount", "target_currency",
    "reference", "description", "initiator_id", "created_at", "settled_at",
)  # fmt: skip
_of_all = attrgetter(*_COLUMNS)


class _Sink:
    """A file that is written to and read away: the writer's bytes leave as they come."""

    closed = False

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, data: Any) -> int:
        chunk = bytes(data)
        self._chunks.append(chunk)
        return len(chunk)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        taken, self._chunks = self._chunks, []
        return b"".join(taken)


async def transfers_parquet(pages: AsyncIterable[Sequence[TransferView]]) -> AsyncIterator[bytes]:
    """Write each page as a row group; memory holds one page. Amounts are decimal128(20, 8)."""
    import pyarrow as pa  # noqa: PLC0415  # 60 MB that only who asks for Parquet has need of
    import pyarrow.parquet as pq  # noqa: PLC0415

    amount, moment = pa.decimal128(20, 8), pa.timestamp("us", tz="UTC")
    types = {"amount": amount, "fee_total": amount, "target_amount": amount, "created_at": moment, "settled_at": moment}
    schema = pa.schema([pa.field(name, types.get(name, pa.string())) for name in _COLUMNS])
    sink = _Sink()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        async for page in pages:
            columns = zip(*(_values(transfer) for transfer in page), strict=True)
            arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            yield sink.take()
    yield sink.take()


def _values(transfer: TransferView) -> list[object]:
    return [str(value) if isinstance(value, UUID) else value for value in _of_all(transfer)]
