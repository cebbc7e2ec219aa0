"""Conversion of a bulk and its chunks to rows and back."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson

from kernel.money import Currency, Money
from payments.domain.bulk import Bulk, BulkStatus, Chunk, LineOutcome, LineStatus
from payments.domain.bulk_file import BulkLine, BulkMode
from payments.infrastructure.sql.transfer_rows import signature_of, signature_text

# Fields of the aggregate whose column has another name.
_RENAMED: Final = {"key": "idempotency_key"}
FIELDS: Final = tuple(Bulk.__dataclass_fields__)
COLUMNS: Final = tuple(_RENAMED.get(field, field) for field in FIELDS)
# The columns of a bulk that change.
STANDING: Final = (
    "status", "settled", "awaiting", "refused", "not_run", "reason", "started_at", "progressed_at", "ended_at", "version",
    "approval_rules", "expires_at", "decided_by", "decided_at",
)  # fmt: skip


def values_of(bulk: Bulk) -> dict[str, Any]:
    values = {column: getattr(bulk, field) for field, column in zip(FIELDS, COLUMNS, strict=True)}
    return values | {
        "signature": signature_text(bulk.signature) if bulk.signature else None,
        "approval_rules": json.dumps(bulk.approval_rules),
        "file_digest": bytes.fromhex(bulk.file_digest) if bulk.file_digest else None,
    }


def bulk_of(row: Any) -> Bulk:
    values = {field: getattr(row, column) for field, column in zip(FIELDS, COLUMNS, strict=True)}
    values["mode"], values["status"] = BulkMode(row.mode), BulkStatus(row.status)
    values["request_hash"] = bytes(row.request_hash)
    values["signature"], values["approval_rules"] = signature_of(row.signature), tuple(row.approval_rules)
    values["file_digest"] = bytes(row.file_digest).hex() if row.file_digest else None
    return Bulk(**values)


def lines_text(lines: Sequence[BulkLine]) -> str:
    rows = [[line.number, str(line.target_id), line.amount.text, line.description, line.reference] for line in lines]
    return orjson.dumps(rows).decode()


def line_of(row: Sequence[Any], currency: str) -> BulkLine:
    number, target, amount, description, reference = row
    return BulkLine(
        number=number,
        target_id=UUID(target),
        amount=Money(Decimal(amount), Currency.of(currency)),
        description=description,
        reference=reference,
    )


def outcomes_text(outcomes: Sequence[LineOutcome]) -> str:
    rows = [
        [one.number, one.status.value, str(one.transfer_id) if one.transfer_id else None, one.code, one.message]
        for one in outcomes
    ]
    return orjson.dumps(rows).decode()


def outcome_of(row: Sequence[Any]) -> LineOutcome:
    number, status, transfer, code, message = row
    return LineOutcome(
        number=number, status=LineStatus(status), transfer_id=UUID(transfer) if transfer else None, code=code, message=message
    )


def chunk_of(row: Any, currency: str) -> Chunk:
    outcomes = [outcome_of(one) for one in row.outcomes] if row.outcomes is not None else None
    return Chunk(number=row.number, lines=[line_of(one, currency) for one in row.lines], outcomes=outcomes)
