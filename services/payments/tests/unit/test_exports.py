import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import openpyxl
import pyarrow.parquet as pq
import pytest

from chassis.files import TableFormat, written
from payments.application.statements.views import Direction, Movement
from payments.interfaces.documents.transfers_table import COLUMNS, transfers_table
from payments.interfaces.rest.schemas.transfers import TransferResponse
from services.payments.tests.unit.stored_transfers import CONVERTED, fee, stored_transfer

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
HEADER = [column.name for column in COLUMNS]
# Fields that an export has in addition to a transfer over REST: its effect on one wallet.
OF_THE_WALLET = {"wallet_id", "direction", "moved", "moved_currency", "fee"}


def movement(number: int, moved: str = "-252.50", fee_moved: str = "2.50", currency: str = "NAD", **changes: object) -> Movement:
    values: dict[str, object] = {
        "id": UUID(int=number),
        "kind": "transfer",
        "status": "completed",
        "source_id": UUID(int=1),
        "target_id": UUID(int=2),
        "amount": Decimal("250.00000000"),
        "currency": "NAD",
        "fees": [fee("2.50")],
        "reference": "INV-1",
        "description": 'rent, "March"',
        "initiator_id": UUID(int=3),
        "created_at": NOON + timedelta(seconds=number),
        "settled_at": NOON + timedelta(seconds=number),
        **changes,
    }
    return Movement(
        transfer=stored_transfer(**values),
        wallet_id=UUID(int=1),
        direction=Direction.OUT,
        moved=Decimal(moved),
        currency=currency,
        fee=Decimal(fee_moved),
    )


CAPTURED_IN_PART = movement(
    1,
    moved="-652.00",
    fee_moved="2.00",
    kind="payment",
    amount=Decimal("800.00000000"),
    captured=Decimal("650.00000000"),
    refunded=Decimal("50.00000000"),
    fees=[fee("2.00")],
    parent_id=UUID(int=7),
    link_id=UUID(int=8),
    settled_at=NOON + timedelta(days=2),
)
CONVERSION = movement(
    2,
    moved="54.45",
    fee_moved="0",
    currency="USD",
    kind="conversion",
    target_amount=Decimal("54.45000000"),
    target_currency="USD",
    **{**CONVERTED, "rate": Decimal("0.05445000000000")},
)


async def pages(*of: Sequence[Movement]) -> AsyncIterator[Sequence[Movement]]:
    for page in of:
        yield page


async def document(format_: TableFormat, *of: Sequence[Movement]) -> bytes:
    return b"".join([chunk async for chunk in written(transfers_table(pages(*of)), format_)])


async def csv_rows(*of: Sequence[Movement]) -> list[dict[str, str]]:
    text = (await document("csv", *of)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def parquet_rows(*of: Sequence[Movement]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(io.BytesIO(await document("parquet", *of))).to_pylist()
    return rows


async def xlsx_rows(*of: Sequence[Movement]) -> list[dict[str, object]]:
    sheet = openpyxl.load_workbook(io.BytesIO(await document("xlsx", *of))).active
    assert sheet is not None
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def in_milliseconds(moment: datetime) -> datetime:
    """Return the time as a spreadsheet has it: in UTC, without a zone."""
    return moment.replace(tzinfo=None, microsecond=moment.microsecond // 1000 * 1000)


async def test_a_csv_export_contains_the_order_and_what_moved() -> None:
    captured, conversion = await csv_rows([CAPTURED_IN_PART, CONVERSION])

    assert captured == {
        "id": str(UUID(int=1)),
        "kind": "payment",
        "status": "completed",
        "wallet_id": str(UUID(int=1)),
        "direction": "out",
        "moved": "-652.00",
        "moved_currency": "NAD",
        "fee": "2.00",
        "source_wallet_id": str(UUID(int=1)),
        "target_wallet_id": str(UUID(int=2)),
        "amount": "800.00",
        "currency": "NAD",
        "fee_total": "2.00",
        "held_amount": "0.00",
        "captured_amount": "650.00",
        "refunded_amount": "50.00",
        "target_amount": "",
        "target_currency": "",
        "rate": "",
        "parent_id": str(UUID(int=7)),
        "link_id": str(UUID(int=8)),
        "reference": "INV-1",
        "description": 'rent, "March"',
        "initiator_id": str(UUID(int=3)),
        "created_at": "2026-03-02T12:00:01.123456Z",
        "settled_at": "2026-03-04T12:00:00.123456Z",
        "expires_at": "",
        "closed_at": "",
    }
    assert (conversion["moved"], conversion["moved_currency"], conversion["fee"]) == ("54.45", "USD", "0.00")
    assert (conversion["target_amount"], conversion["target_currency"], conversion["rate"]) == ("54.45", "USD", "0.05445")


async def test_a_parquet_export_contains_the_same_with_exact_amounts_and_times() -> None:
    [captured] = await parquet_rows([CAPTURED_IN_PART])

    assert captured == {
        "id": str(UUID(int=1)),
        "kind": "payment",
        "status": "completed",
        "wallet_id": str(UUID(int=1)),
        "direction": "out",
        "moved": Decimal("-652.00000000"),
        "moved_currency": "NAD",
        "fee": Decimal("2.00000000"),
        "source_wallet_id": str(UUID(int=1)),
        "target_wallet_id": str(UUID(int=2)),
        "amount": Decimal("800.00000000"),
        "currency": "NAD",
        "fee_total": Decimal("2.00000000"),
        "held_amount": Decimal("0.00000000"),
        "captured_amount": Decimal("650.00000000"),
        "refunded_amount": Decimal("50.00000000"),
        "target_amount": None,
        "target_currency": None,
        "rate": None,
        "parent_id": str(UUID(int=7)),
        "link_id": str(UUID(int=8)),
        "reference": "INV-1",
        "description": 'rent, "March"',
        "initiator_id": str(UUID(int=3)),
        "created_at": NOON + timedelta(seconds=1),
        "settled_at": NOON + timedelta(days=2),
        "expires_at": None,
        "closed_at": None,
    }


async def test_an_xlsx_export_contains_the_same_as_numbers_and_times() -> None:
    [captured] = await xlsx_rows([CAPTURED_IN_PART])

    assert {name: value for name, value in captured.items() if value is not None} == {
        "id": str(UUID(int=1)),
        "kind": "payment",
        "status": "completed",
        "wallet_id": str(UUID(int=1)),
        "direction": "out",
        "moved": -652,
        "moved_currency": "NAD",
        "fee": 2,
        "source_wallet_id": str(UUID(int=1)),
        "target_wallet_id": str(UUID(int=2)),
        "amount": 800,
        "currency": "NAD",
        "fee_total": 2,
        "held_amount": 0,
        "captured_amount": 650,
        "refunded_amount": 50,
        "parent_id": str(UUID(int=7)),
        "link_id": str(UUID(int=8)),
        "reference": "INV-1",
        "description": 'rent, "March"',
        "initiator_id": str(UUID(int=3)),
        "created_at": in_milliseconds(NOON + timedelta(seconds=1)),
        "settled_at": in_milliseconds(NOON + timedelta(days=2)),
    }


async def test_the_columns_of_an_export_are_the_same_in_every_format_and_named_as_in_rest() -> None:
    [of_csv], [of_xlsx], [of_parquet] = [await rows([CONVERSION]) for rows in (csv_rows, xlsx_rows, parquet_rows)]

    assert list(of_csv) == list(of_xlsx) == list(of_parquet) == HEADER
    assert set(HEADER) - OF_THE_WALLET < set(TransferResponse.model_fields)


async def test_a_csv_export_has_a_line_for_each_movement_of_every_page() -> None:
    rows = await csv_rows([movement(1), movement(2)], [movement(3, description="=1+1")])

    assert [row["id"] for row in rows] == [str(UUID(int=n)) for n in (1, 2, 3)]
    assert rows[2]["description"] == "'=1+1"


@pytest.mark.parametrize("field", ["reference", "description"])
@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1"])  # noqa: RUF001  # a full-width sign
async def test_no_text_of_an_export_is_a_formula(field: str, words: str) -> None:
    hostile = [movement(1, **{field: words})]
    [of_csv], sheet = await csv_rows(hostile), openpyxl.load_workbook(io.BytesIO(await document("xlsx", hostile))).active

    assert of_csv[field] == f"'{words}"
    assert sheet is not None
    assert sheet.cell(2, HEADER.index(field) + 1).data_type == "s"


async def test_a_transfer_that_has_not_settled_has_an_empty_time() -> None:
    pending = [movement(1, moved="0", fee_moved="0", status="pending", settled_at=None, held=Decimal("252.50"))]

    [of_csv], [of_parquet] = await csv_rows(pending), await parquet_rows(pending)

    assert (of_csv["settled_at"], of_csv["moved"], of_csv["held_amount"]) == ("", "0.00", "252.50")
    assert (of_parquet["settled_at"], of_parquet["moved"]) == (None, 0)


async def test_the_largest_amounts_are_exact_in_every_format() -> None:
    most = Decimal("999999999999.99999999")
    in_nad = movement(1, moved=f"-{most}", currency="ELC")
    tokens = [replace(in_nad, transfer=stored_transfer(amount=most, currency="ELC"))]

    [of_csv], [of_xlsx], [of_parquet] = [await rows(tokens) for rows in (csv_rows, xlsx_rows, parquet_rows)]

    assert (of_xlsx["amount"], of_xlsx["moved"]) == (f"{most}", f"-{most}")
    assert (of_csv["amount"], of_csv["moved"]) == (f"{most}", f"-{most}")
    assert (of_parquet["amount"], of_parquet["moved"]) == (most, -most)
