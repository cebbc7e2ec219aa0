"""Transfers as read from their rows."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from payments.domain.transfer import Transfer
from payments.infrastructure.sql.transfer_rows import COLUMNS, transfer_of

_SETTLED: dict[str, Any] = {
    **dict.fromkeys(column.name for column in COLUMNS),
    "id": UUID(int=1),
    "kind": "transfer",
    "initiator_id": UUID(int=4),
    "idempotency_key": "k",
    "source_id": UUID(int=2),
    "target_id": UUID(int=3),
    "amount": Decimal("250.00000000"),
    "currency": "NAD",
    "description": "",
    "settled_at": datetime(2026, 3, 21, 8, tzinfo=UTC),
    "status": "completed",
    "reference": "",
    "metadata": {},
    "fees": [],
    "capture_later": False,
    "held": Decimal(0),
    "created_at": datetime(2026, 3, 21, 8, tzinfo=UTC),
    "refunded": Decimal(0),
    "version": 1,
}
# A conversion also has the amount that arrived.
CONVERTED: dict[str, Any] = {"rate_id": UUID(int=9), "rate": Decimal("0.02000000000000"), "spread": Decimal(0)}


_RULE = UUID(int=8)


def fee(amount: str, *, rule_id: UUID = _RULE) -> dict[str, object]:
    return {"account": "fees", "amount": amount, "rule_id": str(rule_id), "refundable": True}


def stored_transfer(**columns: Any) -> Transfer:
    """Build a transfer from these columns; the others are those of a settled transfer of 250.00 NAD without fees."""
    row = {**_SETTLED, **columns}
    assert row.keys() == _SETTLED.keys()
    return transfer_of([row[column.name] for column in COLUMNS])
