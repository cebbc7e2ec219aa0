"""A receipt as PDF, set by typst."""

from pathlib import Path
from typing import Final

from chassis.files import time_text
from chassis.files.typeset import pdf
from kernel.money import amount_text
from payments.application.receipts.get_receipt import Receipt

_TEMPLATE = Path(__file__).with_name("receipt.typ")
_WIDTH: Final = 56


async def receipt_pdf(receipt: Receipt) -> bytes:
    data = {"made_at": time_text(receipt.made_at), **_data(receipt)}
    return await pdf(_TEMPLATE, data, made_at=receipt.made_at)


def _data(receipt: Receipt) -> dict[str, object]:
    transfer, order, quote = receipt.transfer, receipt.transfer.order, receipt.transfer.quote
    currency = order.amount.currency.code
    lines = [
        ("Transfer", str(transfer.id)),
        ("Kind", order.kind),
        ("Status", transfer.status),
        ("Settled", time_text(transfer.settled_at) if transfer.settled_at else ""),
        ("From wallet", str(order.source_id)),
        ("To wallet", str(order.target_id)),
        ("Amount", f"{transfer.moved.text} {currency}"),
        ("Fees", f"{quote.fee_total.text} {currency}"),
        ("Arrived", f"{quote.conversion.target.text} {order.target_currency}" if quote.conversion else ""),
        ("Refunded", f"{amount_text(transfer.refunded, currency)} {currency}" if transfer.refunded else ""),
        ("Reference", order.reference),
        ("Description", order.description),
        ("Approved by", str(transfer.decided_by) if transfer.decided_by else ""),
    ]
    signature = order.signature
    proofs = [
        ("Transaction hash", _folded(receipt.transaction_hash or "not on the audit log yet")),
        ("Signed with key", str(signature.key_id) if signature else ""),
        ("Algorithm", signature.algorithm if signature else ""),
        ("Signature", _folded(signature.value) if signature else ""),
        ("Signed text", _folded(receipt.signed_text or "")),
    ]
    return {"lines": [line for line in lines if line[1]], "proofs": [line for line in proofs if line[1]]}


def _folded(text: str) -> str:
    """Insert line breaks into text without spaces, so that it fits the page."""
    return "\n".join(text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH))
