"""A transfer as its row has it, and back."""

# ruff: noqa: S608  # put together of our own constants

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from chassis.persistence.json_rows import to_json_rows
from kernel.money import Money, amount_text
from payments.domain.fx_rate import Conversion
from payments.domain.price_book import FeeLine, Quote
from payments.domain.transfer import Began, Transfer, TransferStatus
from payments.domain.transfer_order import Signature, TransferKind, TransferOrder

# Column and its type, in the order in which `_values` gives the values.
COLUMNS: Final = {
    "id": "uuid",
    "kind": "text",
    "initiator_id": "uuid",
    "idempotency_key": "text",
    "source_id": "uuid",
    "target_id": "uuid",
    "amount": "numeric",
    "currency": "text",
    "description": "text",
    "settled_at": "timestamptz",
    "status": "text",
    "reference": "text",
    "metadata": "jsonb",
    "fees": "jsonb",
    "fee_total": "numeric",
    "target_amount": "numeric",
    "target_currency": "text",
    "spread": "numeric",
    "rate": "numeric",
    "rate_id": "uuid",
    "parent_id": "uuid",
    "link_id": "uuid",
    "capture_later": "boolean",
    "held": "numeric",
    "signature": "jsonb",
    "created_at": "timestamptz",
    "expires_at": "timestamptz",
    "began": "jsonb",
}
# What comes after, in what is read.
STANDING: Final = ("captured", "refunded", "closed_at", "decided_by", "decided_at", "reason", "version")
READ_NAMES: Final = (*COLUMNS, *STANDING)
READ: Final = ", ".join(f"t.{name}" for name in READ_NAMES)
# By the keys that `asked (initiator_id, key)` gives. LIMIT: each is looked up by the index; a plain join, planned while
# there were few transfers, goes through all there are.
BY_KEYS: Final = """
    CROSS JOIN LATERAL (
        SELECT * FROM transfers
        WHERE transfers.initiator_id = asked.initiator_id AND transfers.idempotency_key = asked.key LIMIT 1
    ) AS t
"""
_NO_JSON: Final = {"metadata": "{}", "fees": "[]"}

# Many rows in one statement whose one parameter is a document. Documents within the document travel as text.
ADD_TRANSFERS: Final = f"""
    INSERT INTO transfers ({", ".join(COLUMNS)})
    SELECT {", ".join(f"cast({name} AS jsonb)" if kind == "jsonb" else name for name, kind in COLUMNS.items())}
    FROM jsonb_to_recordset($1::jsonb)
        AS new ({", ".join(f"{name} {'text' if kind == 'jsonb' else kind}" for name, kind in COLUMNS.items())})
"""
ADD_POSTINGS: Final = """
    INSERT INTO postings (transfer_id, account_id, counterparty_id, amount, currency, balance_after, posted_at)
    SELECT transfer_id, account_id, counterparty_id, amount, currency, balance_after, posted_at
    FROM jsonb_to_recordset($1::jsonb) AS new (
        transfer_id uuid, account_id uuid, counterparty_id uuid, amount numeric, currency text, balance_after numeric,
        posted_at timestamptz
    )
"""


def document_of(transfers: Sequence[Transfer]) -> str:
    """Write many rows as one JSON document, a record each; columns that are null are left out."""
    rows = [zip(COLUMNS, _values(transfer), strict=True) for transfer in transfers]
    return to_json_rows([{name: value for name, value in row if value is not None} for row in rows])


def fees_text(quote: Quote) -> str:
    return json.dumps(_fee_rows(quote.fees)) if quote.fees else _NO_JSON["fees"]


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


def postings_document_of(transfers: Sequence[Transfer]) -> str | None:
    """Write the postings that transfers bring as one JSON document; None when they bring none."""
    rows = [
        {
            "transfer_id": transfer.id,
            "account_id": leg.account_id,
            "counterparty_id": leg.counterparty_id,
            "amount": leg.amount,
            "currency": leg.currency,
            "balance_after": leg.balance_after,
            "posted_at": transfer.settled_at,
        }
        for transfer in transfers
        for leg in transfer.postings
    ]
    return to_json_rows(rows) if rows else None


def transfer_of(row: Any) -> Transfer:
    """Rebuild a transfer; its postings stay where they are."""
    amount = Money.of(row.amount, row.currency)
    order = TransferOrder(
        kind=TransferKind(row.kind),
        key=row.idempotency_key,
        initiator_id=row.initiator_id,
        source_id=row.source_id,
        target_id=row.target_id,
        amount=amount,
        description=row.description,
        reference=row.reference,
        metadata=row.metadata,
        target_currency=row.target_currency,
        capture_later=row.capture_later,
        parent_id=row.parent_id,
        link_id=row.link_id,
        signature=signature_of(row.signature),
    )
    return Transfer(
        id=row.id,
        order=order,
        quote=Quote(amount, _fees(row.fees, row.currency), _conversion(row, amount)),
        status=TransferStatus(row.status),
        created_at=row.created_at,
        settled_at=row.settled_at,
        held=row.held,
        captured=row.captured,
        refunded=row.refunded,
        expires_at=row.expires_at,
        closed_at=row.closed_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        version=row.version,
        began=_began(row.began, row.currency),
    )


def _values(transfer: Transfer) -> tuple[Any, ...]:
    order, quote = transfer.order, transfer.quote
    conversion = quote.conversion
    return (
        transfer.id,
        order.kind.value,
        order.initiator_id,
        order.key,
        order.source_id,
        order.target_id,
        order.amount.amount,
        order.amount.currency.code,
        order.description,
        transfer.settled_at,
        transfer.status.value,
        order.reference,
        json.dumps(dict(order.metadata)) if order.metadata else _NO_JSON["metadata"],
        fees_text(quote),
        quote.fee_total.amount,
        conversion.target.amount if conversion else None,
        order.target_currency,
        conversion.spread.amount if conversion else None,
        conversion.rate if conversion else None,
        conversion.rate_id if conversion else None,
        order.parent_id,
        order.link_id,
        order.capture_later,
        transfer.held,
        signature_text(order.signature),
        transfer.created_at,
        transfer.expires_at,
        _began_text(transfer.began),
    )


def _fees(rows: Sequence[Mapping[str, Any]], currency: str) -> tuple[FeeLine, ...]:
    return tuple(
        FeeLine(line["account"], Money.of(line["amount"], currency), UUID(line["rule_id"]), line["refundable"]) for line in rows
    )


def _began_text(began: Began | None) -> str | None:
    if began is None:
        return None
    return json.dumps({"status": began.status.value, "fees": _fee_rows(began.fees), "expires_at": began.expires_at.isoformat()})


def _began(found: Mapping[str, Any] | None, currency: str) -> Began | None:
    if found is None:
        return None
    return Began(TransferStatus(found["status"]), _fees(found["fees"], currency), datetime.fromisoformat(found["expires_at"]))


def _conversion(row: Any, amount: Money) -> Conversion | None:
    if row.rate_id is None:
        return None
    currency = row.target_currency
    target = Money.of(amount_text(row.target_amount, currency), currency)
    spread = Money.of(amount_text(row.spread, currency), currency)
    return Conversion(rate_id=row.rate_id, rate=row.rate, source=amount, target=target, spread=spread)


def signature_text(signature: Signature | None) -> str | None:
    if signature is None:
        return None
    return json.dumps({"key_id": str(signature.key_id), "algorithm": signature.algorithm, "value": signature.value})


def signature_of(found: dict[str, str] | None) -> Signature | None:
    return Signature(key_id=UUID(found["key_id"]), algorithm=found["algorithm"], value=found["value"]) if found else None
