"""Rows of transfers and the transfers that they store."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from payments.infrastructure.sql.transfer_rows import COLUMNS
from services.payments.tests.unit.stored_transfers import stored_transfer

_START: Final = datetime(2026, 3, 21, 8, tzinfo=UTC)
# The amount's currency and the currency that arrives are read into money.
_DECODED: Final = {"kind", "status", "currency", "amount", "fee_total", "target_currency"}


def test_every_column_that_is_stored_unchanged_is_read_into_its_attribute() -> None:
    unchanged = [column for column in COLUMNS if not column.encode and column.name not in _DECODED]
    row = {column.name: _value(column.type, number) for number, column in enumerate(unchanged, start=1)}
    transfer = stored_transfer(**row)
    assert {column.name: attrgetter(column.attribute)(transfer) for column in unchanged} == row


def _value(kind: str, number: int) -> Any:
    """Return a value that no other column has."""
    values = {
        "uuid": UUID(int=number),
        "text": f"text {number}",
        "numeric": Decimal(number),
        "timestamptz": _START + timedelta(days=number),
        "boolean": True,
        "bigint": number,
    }
    return values[kind]
