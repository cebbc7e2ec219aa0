"""Receipts."""

from pydantic import BaseModel

from payments.application.receipts.get_receipt import Receipt
from payments.interfaces.rest.schemas.transfers import TransferResponse


class ReceiptResponse(BaseModel):
    """`transfer` contains its hash in the audit log and, if the payer signed it, the signature.

    `signed_text` is the exact text that was signed, in UTF-8; verify the signature with the payer's public key.
    """

    transfer: TransferResponse
    signed_text: str | None

    @classmethod
    def of(cls, receipt: Receipt) -> "ReceiptResponse":
        transfer = TransferResponse.of(receipt.transfer, transaction_hash=receipt.transaction_hash)
        return cls.model_construct(transfer=transfer, signed_text=receipt.signed_text)
