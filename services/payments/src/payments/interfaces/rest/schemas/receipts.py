"""Receipts."""

from pydantic import BaseModel

from payments.application.receipts.get_receipt import Receipt
from payments.interfaces.rest.schemas.transfers import TransferResponse


class ReceiptResponse(BaseModel):
    """`transfer` has the hash by which the audit log has it and, where its payer signed, the signature.

    `signed_text` is what the signature is of, byte for byte in UTF-8: whoever has the payer's public key can verify it.
    """

    transfer: TransferResponse
    signed_text: str | None

    @classmethod
    def of(cls, receipt: Receipt) -> "ReceiptResponse":
        transfer = TransferResponse.of(receipt.transfer, transaction_hash=receipt.transaction_hash)
        return cls.model_construct(transfer=transfer, signed_text=receipt.signed_text)
