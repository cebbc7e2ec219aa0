"""Payments to merchants and billers."""

from typing import Literal

from pydantic import ConfigDict, Field

from kernel.actor import Actor
from payments.domain.transfer_order import TransferKind, TransferOrder
from payments.interfaces.rest.schemas.fields import CurrencyCode, Reference
from payments.interfaces.rest.schemas.signatures import SignatureRequest
from payments.interfaces.rest.schemas.transfers import DryRun, Metadata, MoveRequest

_SOURCE = "01980a52-7c00-7000-8000-000000000001"
_TARGET = "01980a52-7c00-7000-8000-000000000002"


class PaymentRequest(MoveRequest):
    """A payment to a merchant or biller, under the reference that they gave."""

    dry_run: DryRun = False
    reference: Reference
    capture: Literal["now", "later"] = "now"
    target_currency: CurrencyCode | None = None
    metadata: Metadata = Field(default_factory=dict)
    signature: SignatureRequest | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source_wallet_id": _SOURCE,
                    "target_wallet_id": _TARGET,
                    "amount": "480.00",
                    "currency": "NAD",
                    "reference": "INV-2026-0147",
                    "description": "electricity, March",
                }
            ]
        }
    )

    def order(self, actor: Actor, key: str) -> TransferOrder:
        return self.make_order(
            TransferKind.PAYMENT,
            actor,
            key,
            reference=self.reference,
            target_currency=self.target_currency,
            capture_later=self.capture == "later",
            metadata=self.metadata,
            signature=self.signature.signature() if self.signature else None,
        )
