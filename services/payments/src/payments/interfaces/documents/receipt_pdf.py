"""A receipt as PDF, set by typst."""

from pathlib import Path
from typing import Final

from kernel.money import amount_text
from payments.application.receipts.get_receipt import Receipt
from payments.interfaces.documents.csv_text import time_text
from payments.interfaces.documents.typeset import pdf

_TEMPLATE = Path(__file__).with_name("receipt.typ")
_WIDTH: Final = 56


async def receipt_pdf(receipt: Receipt) -> bytes:
    data = {"made_at": time_text(receipt.made_at), **_data(receipt)}
    return await pdf(_TEMPLATE, data, made_at=receipt.made_at)


def _data(receipt: Receipt) -> dict[str, object]:
    transfer = receipt.transfer
    currency = transfer.currency
    moved = transfer.amount if transfer.captured is None else transfer.captured
    arrived = amount_text(transfer.target_amount, transfer.target_currency or "") if transfer.target_amount is not None else ""
    lines = [
        ("Transfer", str(transfer.id)),
        ("Kind", transfer.kind),
        ("Status", transfer.status),
        ("Settled", time_text(transfer.settled_at) if transfer.settled_at else ""),
        ("From wallet", str(transfer.source_id)),
        ("To wallet", str(transfer.target_id)),
        ("Amount", f"{amount_text(moved, currency)} {currency}"),
        ("Fees", f"{amount_text(transfer.fee_total, currency)} {currency}"),
        ("Arrived", f"{arrived} {transfer.target_currency}" if arrived else ""),
        ("Given back", f"{amount_text(transfer.refunded, currency)} {currency}" if transfer.refunded else ""),
        ("Reference", transfer.reference),
        ("Description", transfer.description),
        ("Approved by", str(transfer.decided_by) if transfer.decided_by else ""),
    ]
    signature = transfer.signature or {}
    proofs = [
        ("Transaction hash", _folded(receipt.transaction_hash or "not on the audit log yet")),
        ("Signed with key", signature.get("key_id", "")),
        ("Algorithm", signature.get("algorithm", "")),
        ("Signature", _folded(signature.get("value", ""))),
        ("Signed text", _folded(receipt.signed_text or "")),
    ]
    return {"lines": [line for line in lines if line[1]], "proofs": [line for line in proofs if line[1]]}


def _folded(text: str) -> str:
    """Break what has no spaces to break at, so that it stays on the page."""
    return "\n".join(text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH))
