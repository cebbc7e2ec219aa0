"""Conversion of a transfer to a row and back."""

# ruff: noqa: S608  # put together of our own constants

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from chassis.persistence.json_rows import to_json_rows
from kernel.money import Money, amount_text
from payments.domain.fx_rate import Conversion
from payments.domain.price_book import FeeLine, Quote
from payments.domain.transfer import FirstState, Transfer, TransferStatus
from payments.domain.transfer_order import Signature, TransferKind, TransferOrder


def _metadata_text(metadata: Mapping[str, str]) -> str:
    return json.dumps(dict(metadata)) if metadata else "{}"


def _fees_text(fees: Sequence[FeeLine]) -> str:
    return orjson.dumps(_fee_rows(fees)).decode() if fees else "[]"


def _fee_rows(fees: Sequence[FeeLine]) -> list[dict[str, object]]:
    return [
        {
            "account": line.account_code,
            "amount": line.amount.text,
            "rule_id": str(line.rule_id),
            "refundable": line.refundable,
        }
        for line in fees
    ]


def _began_text(began: FirstState) -> str:
    return json.dumps({"status": began.status.value, "fees": _fee_rows(began.fees), "expires_at": began.expires_at.isoformat()})


def signature_text(signature: Signature) -> str:
    return json.dumps({"key_id": str(signature.key_id), "algorithm": signature.algorithm, "value": signature.value})


class Column(NamedTuple):
    """A column of transfers, and the attribute of a transfer that it stores.

    `encode` converts an attribute that is not stored unchanged; None becomes NULL. `changes`: written again whenever the
    transfer changes. `is_added`: written with a new transfer; otherwise the column starts with its default.
    """

    name: str
    type: str
    attribute: str
    encode: Callable[[Any], Any] | None = None
    changes: bool = False
    is_added: bool = True


# The only list of a transfer's columns in SQL; inserts, updates and reads all use it. `transfer_of` reads them back in this
# order.
COLUMNS: Final = (
    Column("id", "uuid", "id"),
    Column("kind", "text", "order.kind"),
    Column("initiator_id", "uuid", "order.initiator_id"),
    Column("idempotency_key", "text", "order.key"),
    Column("source_id", "uuid", "order.source_id"),
    Column("target_id", "uuid", "order.target_id"),
    Column("amount", "numeric", "order.amount.amount"),
    Column("currency", "text", "order.amount.currency.code"),
    Column("description", "text", "order.description"),
    Column("settled_at", "timestamptz", "settled_at", changes=True),
    Column("status", "text", "status", changes=True),
    Column("reference", "text", "order.reference"),
    Column("metadata", "jsonb", "order.metadata", _metadata_text),
    Column("fees", "jsonb", "quote.fees", _fees_text, changes=True),
    Column("fee_total", "numeric", "quote.fee_total.amount", changes=True),
    Column("target_amount", "numeric", "quote.conversion", lambda conversion: conversion.target.amount),
    Column("target_currency", "text", "order.target_currency"),
    Column("spread", "numeric", "quote.conversion", lambda conversion: conversion.spread.amount),
    Column("rate", "numeric", "quote.conversion", lambda conversion: conversion.rate),
    Column("rate_id", "uuid", "quote.conversion", lambda conversion: conversion.rate_id),
    Column("parent_id", "uuid", "order.parent_id"),
    Column("link_id", "uuid", "order.link_id"),
    Column("capture_later", "boolean", "order.capture_later"),
    Column("held", "numeric", "held", changes=True),
    Column("signature", "jsonb", "order.signature", signature_text),
    Column("created_at", "timestamptz", "created_at"),
    Column("expires_at", "timestamptz", "expires_at", changes=True),
    Column("began", "jsonb", "began", _began_text),
    Column("captured", "numeric", "captured", changes=True, is_added=False),
    Column("refunded", "numeric", "refunded", changes=True, is_added=False),
    Column("closed_at", "timestamptz", "closed_at", changes=True, is_added=False),
    Column("decided_by", "uuid", "decided_by", changes=True, is_added=False),
    Column("decided_at", "timestamptz", "decided_at", changes=True, is_added=False),
    Column("reason", "text", "reason", changes=True, is_added=False),
    Column("version", "bigint", "version", changes=True, is_added=False),
    Column("organization_id", "uuid", "order.organization_id"),
)
READ: Final = ", ".join(f"t.{column.name}" for column in COLUMNS)
# By the keys in `asked (initiator_id, key)`. LIMIT forces an index lookup per key; a plain join that was planned while there
# were few transfers would scan all of them.
BY_KEYS: Final = """
    CROSS JOIN LATERAL (
        SELECT * FROM transfers
        WHERE transfers.initiator_id = asked.initiator_id AND transfers.idempotency_key = asked.key LIMIT 1
    ) AS t
"""


class _Writer:
    """The columns that one statement writes. One call reads all attributes, because this runs for every transfer of a batch."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self.columns = tuple(columns)
        self._names = tuple(column.name for column in self.columns)
        self._attributes: Callable[[Transfer], tuple[Any, ...]] = attrgetter(*(column.attribute for column in self.columns))
        self._encoded = [(column.name, column.encode) for column in self.columns if column.encode]

    def row(self, transfer: Transfer) -> dict[str, Any]:
        return dict.fromkeys(self._names) | self.row_without_nulls(transfer)

    def row_without_nulls(self, transfer: Transfer) -> dict[str, Any]:
        values = zip(self._names, self._attributes(transfer), strict=True)
        row = {name: value for name, value in values if value is not None}
        for name, encode in self._encoded:
            if name in row:
                row[name] = encode(row[name])
        return row


_ADDED: Final = _Writer(column for column in COLUMNS if column.is_added)
_CHANGED: Final = _Writer(column for column in COLUMNS if column.changes)
# A lookup here is ten times as fast as in the enumerations.
_KINDS: Final = {kind.value: kind for kind in TransferKind}
_STATUSES: Final = {status.value: status for status in TransferStatus}

# Many rows in one statement with one JSON parameter. JSON columns within it are sent as text.
ADD_TRANSFERS: Final = f"""
    INSERT INTO transfers ({", ".join(column.name for column in _ADDED.columns)})
    SELECT {", ".join(f"cast({name} AS jsonb)" if kind == "jsonb" else name for name, kind, *_ in _ADDED.columns)}
    FROM jsonb_to_recordset($1::jsonb)
        AS new ({", ".join(f"{name} {'text' if kind == 'jsonb' else kind}" for name, kind, *_ in _ADDED.columns)})
"""
_ASSIGNMENTS: Final = ", ".join(
    f"{name} = cast(:{name} AS jsonb)" if kind == "jsonb" else f"{name} = :{name}" for name, kind, *_ in _CHANGED.columns
)
SAVE_TRANSFER: Final = f"UPDATE transfers SET {_ASSIGNMENTS} WHERE id = :id"
ADD_POSTINGS: Final = """
    INSERT INTO postings (transfer_id, account_id, counterparty_id, amount, currency, balance_after, posted_at)
    SELECT transfer_id, account_id, counterparty_id, amount, currency, balance_after, posted_at
    FROM jsonb_to_recordset($1::jsonb) AS new (
        transfer_id uuid, account_id uuid, counterparty_id uuid, amount numeric, currency text, balance_after numeric,
        posted_at timestamptz
    )
"""


def document_of(transfers: Sequence[Transfer]) -> str:
    """Write many rows as one JSON document, one record per row, without null columns."""
    return to_json_rows([_ADDED.row_without_nulls(transfer) for transfer in transfers])


def changes_of(transfer: Transfer) -> dict[str, Any]:
    """Return the parameters of SAVE_TRANSFER."""
    return {"id": transfer.id, **_CHANGED.row(transfer)}


def postings_document_of(transfers: Sequence[Transfer]) -> str | None:
    """Write the new postings of transfers as one JSON document. Return None if there are none."""
    rows = [
        {
            "transfer_id": transfer.id,
            "account_id": posting.account_id,
            "counterparty_id": posting.counterparty_id,
            "amount": posting.amount,
            "currency": posting.currency,
            "balance_after": posting.balance_after,
            "posted_at": transfer.settled_at,
        }
        for transfer in transfers
        for posting in transfer.postings
    ]
    return to_json_rows(rows) if rows else None


def transfer_of(row: Sequence[Any]) -> Transfer:
    """Build a transfer from a row of READ, without its postings."""
    # Unpacked and passed by keyword, because this runs for every transfer of a page: dictionaries take a third longer.
    (
        transfer_id, kind, initiator_id, key, source_id, target_id, amount, currency, description, settled_at, status, reference,
        metadata, fees, _, target_amount, target_currency, spread, rate, rate_id, parent_id, link_id, capture_later, held,
        signature, created_at, expires_at, began, captured, refunded, closed_at, decided_by, decided_at, reason, version,
        organization_id,
    ) = row  # fmt: skip
    money = Money.of(amount, currency)
    order = TransferOrder(
        kind=_KINDS[kind],
        key=key,
        initiator_id=initiator_id,
        source_id=source_id,
        target_id=target_id,
        amount=money,
        description=description,
        reference=reference,
        metadata=metadata,
        target_currency=target_currency,
        capture_later=capture_later,
        parent_id=parent_id,
        organization_id=organization_id,
        link_id=link_id,
        signature=signature_of(signature),
    )
    return Transfer(
        id=transfer_id,
        order=order,
        quote=Quote(money, _fees(fees, currency), _conversion(money, rate_id, rate, target_amount, target_currency, spread)),
        status=_STATUSES[status],
        created_at=created_at,
        settled_at=settled_at,
        held=held,
        captured=captured,
        refunded=refunded,
        expires_at=expires_at,
        closed_at=closed_at,
        decided_by=decided_by,
        decided_at=decided_at,
        reason=reason,
        version=version,
        began=_began(began, currency),
    )


def _fees(rows: Sequence[Mapping[str, Any]], currency: str) -> tuple[FeeLine, ...]:
    return tuple(
        FeeLine(line["account"], Money.of(line["amount"], currency), UUID(line["rule_id"]), line["refundable"]) for line in rows
    )


def _began(found: Mapping[str, Any] | None, currency: str) -> FirstState | None:
    if found is None:
        return None
    return FirstState(
        TransferStatus(found["status"]), _fees(found["fees"], currency), datetime.fromisoformat(found["expires_at"])
    )


def _conversion(
    source: Money, rate_id: UUID | None, rate: Decimal, amount: Decimal, currency: str, spread: Decimal
) -> Conversion | None:
    if rate_id is None:
        return None
    target = Money.of(amount_text(amount, currency), currency)
    return Conversion(
        rate_id=rate_id, rate=rate, source=source, target=target, spread=Money.of(amount_text(spread, currency), currency)
    )


def signature_of(found: dict[str, str] | None) -> Signature | None:
    return Signature(key_id=UUID(found["key_id"]), algorithm=found["algorithm"], value=found["value"]) if found else None
