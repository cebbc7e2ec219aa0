import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pyarrow.parquet as pq
import pytest

from payments.application.transfers.queries import TransferView
from payments.interfaces.documents.transfers_csv import transfers_csv
from payments.interfaces.documents.transfers_parquet import transfers_parquet

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)


def transfer(number: int, **changes: object) -> TransferView:
    values: dict[str, object] = {
        "id": UUID(int=number),
        "kind": "transfer",
        "status": "completed",
        "source_id": UUID(int=1),
        "target_id": UUID(int=2),
        "amount": Decimal("250.00000000"),
        "currency": "NAD",
        "fee_total": Decimal("2.50000000"),
        "reference": "INV-1",
        "description": 'rent, "March"',
        "initiator_id": UUID(int=3),
        "created_at": NOON + timedelta(seconds=number),
        "settled_at": NOON + timedelta(seconds=number),
        **changes,
    }
    return TransferView(**values)  # type: ignore[arg-type]


async def pages(*of: Sequence[TransferView]) -> AsyncIterator[Sequence[TransferView]]:
    for page in of:
        yield page


async def test_a_csv_export_has_a_line_for_each_transfer_of_every_page() -> None:
    chunks = [
        chunk
        async for chunk in transfers_csv(
            pages([transfer(1, settled_at=NOON + timedelta(seconds=2)), transfer(2)], [transfer(3, description="=1+1")])
        )
    ]

    rows = list(csv.DictReader(io.StringIO(b"".join(chunks).decode())))

    assert len(chunks) == 3
    assert rows[0] == {
        "id": str(UUID(int=1)),
        "kind": "transfer",
        "status": "completed",
        "source_wallet_id": str(UUID(int=1)),
        "target_wallet_id": str(UUID(int=2)),
        "amount": "250.00",
        "currency": "NAD",
        "fee_total": "2.50",
        "reference": "INV-1",
        "description": 'rent, "March"',
        "initiator_id": str(UUID(int=3)),
        "created_at": "2026-03-02T12:00:01.123456Z",
        "settled_at": "2026-03-02T12:00:02.123456Z",
    }
    assert [row["id"] for row in rows] == [str(UUID(int=n)) for n in (1, 2, 3)]
    assert rows[2]["description"] == "'=1+1"


@pytest.mark.parametrize("field", ["reference", "description"])
@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
async def test_no_words_of_an_export_are_a_formula(field: str, words: str) -> None:
    chunks = [chunk async for chunk in transfers_csv(pages([transfer(1, **{field: words})]))]

    assert next(csv.DictReader(io.StringIO(b"".join(chunks).decode(), newline="")))[field] == f"'{words}"


async def test_a_transfer_that_has_not_settled_leaves_the_time_empty() -> None:
    chunks = [chunk async for chunk in transfers_csv(pages([transfer(1, status="pending", settled_at=None)]))]

    assert next(csv.DictReader(io.StringIO(b"".join(chunks).decode())))["settled_at"] == ""


async def test_a_parquet_export_holds_exact_amounts_and_utc_times() -> None:
    tokens = transfer(2, amount=Decimal("999999999999.99999999"), currency="ELC", settled_at=None)

    document = b"".join([chunk async for chunk in transfers_parquet(pages([transfer(1)], [tokens]))])

    table = pq.read_table(io.BytesIO(document))
    assert table.to_pylist()[0] == {
        "id": str(UUID(int=1)),
        "kind": "transfer",
        "status": "completed",
        "source_id": str(UUID(int=1)),
        "target_id": str(UUID(int=2)),
        "amount": Decimal("250.00000000"),
        "currency": "NAD",
        "fee_total": Decimal("2.50000000"),
        "target_amount": None,
        "target_currency": None,
        "reference": "INV-1",
        "description": 'rent, "March"',
        "initiator_id": str(UUID(int=3)),
        "created_at": NOON + timedelta(seconds=1),
        "settled_at": NOON + timedelta(seconds=1),
    }
    assert table.column("amount").to_pylist() == [Decimal("250.00000000"), Decimal("999999999999.99999999")]
    assert table.column("created_at").to_pylist() == [NOON + timedelta(seconds=1), NOON + timedelta(seconds=2)]
    assert table.column("settled_at").to_pylist()[1] is None
    assert table.column("id").to_pylist() == [str(UUID(int=1)), str(UUID(int=2))]
    assert pq.ParquetFile(io.BytesIO(document)).num_row_groups == 2


async def test_an_export_of_nothing_is_a_whole_document() -> None:
    assert pq.read_table(io.BytesIO(b"".join([chunk async for chunk in transfers_parquet(pages())]))).num_rows == 0
    assert b"".join([chunk async for chunk in transfers_csv(pages())]).startswith(b"id,kind,status,")
