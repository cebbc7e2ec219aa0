"""Transfers."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from chassis.rest import SEVERAL_LINES, AmountText, RequestModel
from kernel.actor import Actor
from kernel.errors import at_place
from kernel.money import Money, amount_text
from kernel.texts import read_lines
from payments.domain.price_book import FeeLine
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import (
    METADATA_KEYS_MAX,
    METADATA_LENGTH_MAX,
    Signature,
    TransferKind,
    TransferOrder,
    leg_key,
)
from payments.interfaces.rest.schemas.fields import CurrencyCode, Description, OptionalReference, Reason
from payments.interfaces.rest.schemas.signatures import SignatureRequest, SignatureResponse

_SOURCE = "01980a52-7c00-7000-8000-000000000001"
_TARGET = "01980a52-7c00-7000-8000-000000000002"


def _named_once(metadata: Any) -> Any:
    names = [read_lines(name) for name in metadata] if isinstance(metadata, dict) else []
    if len(set(names)) < len(names):
        raise ValueError("Two names are equal in NFC.")
    return metadata


_MetadataText = Annotated[str, Field(max_length=METADATA_LENGTH_MAX), SEVERAL_LINES]
Metadata = Annotated[
    dict[_MetadataText, _MetadataText],
    Field(max_length=METADATA_KEYS_MAX, examples=[{"order": "A-17"}]),
    BeforeValidator(_named_once),
]


DryRun = Annotated[bool, Field(description="Return the result with 200, but write nothing and do not use the key")]


class MoveRequest(RequestModel):
    source_wallet_id: UUID
    target_wallet_id: UUID
    amount: AmountText
    currency: CurrencyCode
    description: Description = ""

    def make_order(self, kind: TransferKind, actor: Actor, key: str, **more: object) -> TransferOrder:
        values: dict[str, object] = {"description": self.description, **more}
        return TransferOrder(
            kind=kind,
            key=key,
            initiator_id=actor.user_id,
            organization_id=actor.organization_id,
            source_id=self.source_wallet_id,
            target_id=self.target_wallet_id,
            amount=Money.of(self.amount, self.currency),
            **values,  # type: ignore[arg-type]  # the fields of each subclass, by name
        )


class TransferRequest(MoveRequest):
    """With `capture` "later" the money is put on hold. With `target_currency` it is converted at the current rate."""

    dry_run: DryRun = False
    reference: OptionalReference = ""
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
                    "amount": "250.00",
                    "currency": "NAD",
                    "description": "rent, March",
                }
            ]
        }
    )

    def order(self, actor: Actor, key: str) -> TransferOrder:
        return self.make_order(
            TransferKind.CONVERSION if self.target_currency else TransferKind.TRANSFER,
            actor,
            key,
            reference=self.reference,
            target_currency=self.target_currency,
            capture_later=self.capture == "later",
            metadata=self.metadata,
            signature=self.signature.signature() if self.signature else None,
        )


class TransferLegRequest(MoveRequest):
    """One linked transfer. The signature is over all legs together."""

    reference: OptionalReference = ""
    capture: Literal["now", "later"] = "now"
    target_currency: CurrencyCode | None = None
    metadata: Metadata = Field(default_factory=dict)

    def leg(self, number: int, actor: Actor, key: str, signature: Signature | None) -> TransferOrder:
        with at_place(f"legs.{number}"):
            return self.make_order(
                TransferKind.CONVERSION if self.target_currency else TransferKind.TRANSFER,
                actor,
                leg_key(key, number),
                reference=self.reference,
                target_currency=self.target_currency,
                capture_later=self.capture == "later",
                metadata=self.metadata,
                signature=signature,
            )


class LinkedTransfersRequest(RequestModel):
    """Transfers that are all settled, or none. `signature` is over the digest of the list of legs."""

    legs: Annotated[list[TransferLegRequest], Field(min_length=2, max_length=100)]
    dry_run: DryRun = False
    signature: SignatureRequest | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "legs": [
                        {"source_wallet_id": _SOURCE, "target_wallet_id": _TARGET, "amount": "75.00", "currency": "NAD"},
                        {"source_wallet_id": _SOURCE, "target_wallet_id": _TARGET, "amount": "25.00", "currency": "NAD"},
                    ]
                }
            ]
        }
    )

    def orders(self, actor: Actor, key: str) -> list[TransferOrder]:
        """Derive each leg's key from the request's key, so that a repeated request finds every leg."""
        signature = self.signature.signature() if self.signature else None
        return [leg.leg(number, actor, key, signature) for number, leg in enumerate(self.legs)]


class CaptureTransferRequest(RequestModel):
    """Without an amount, the whole hold is captured."""

    amount: AmountText | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "180.00"}, {}]})


class ReasonRequest(RequestModel):
    reason: Reason


class RefundRequest(RequestModel):
    """Without an amount, all that is left is refunded."""

    amount: AmountText | None = None
    reason: Reason


class FeeLineResponse(BaseModel):
    account: str
    amount: str
    rule_id: UUID
    refundable: bool

    @classmethod
    def of(cls, line: FeeLine) -> "FeeLineResponse":
        return cls.model_construct(
            account=line.account_code, amount=line.amount.text, rule_id=line.rule_id, refundable=line.refundable
        )


class TransferResponse(BaseModel):
    """`fee_total` is charged on top of the amount. `target_amount` is the result of a conversion at `rate`, net of the spread.

    `transaction_hash` is the leaf hash (RFC 6962) of the transfer's first audit entry. It is returned by
    GET /transfers/{transfer_id}, once the entry is on the log. GET /audit/trails/{resource_id} with a `reason` returns its
    position, and GET /audit/entries/{place}/proof its proof.
    """

    id: UUID
    kind: str
    status: str
    source_wallet_id: UUID
    target_wallet_id: UUID
    amount: str
    currency: str
    fee_total: str
    fees: list[FeeLineResponse]
    target_amount: str | None
    target_currency: str | None
    rate: str | None
    held_amount: str
    captured_amount: str | None
    refunded_amount: str
    reference: str
    description: str
    metadata: dict[str, str]
    initiator_id: UUID
    organization_id: UUID | None
    parent_id: UUID | None
    link_id: UUID | None
    signature: SignatureResponse | None
    created_at: datetime
    settled_at: datetime | None
    expires_at: datetime | None
    closed_at: datetime | None
    decided_by: UUID | None
    decided_at: datetime | None
    reason: str | None
    version: int
    transaction_hash: str | None = None

    @classmethod
    def of(cls, transfer: Transfer, *, transaction_hash: str | None = None) -> "TransferResponse":
        order, quote = transfer.order, transfer.quote
        conversion, currency = quote.conversion, order.amount.currency.code

        def text(amount: Decimal) -> str:
            return amount_text(amount, currency)

        return cls.model_construct(
            id=transfer.id,
            kind=order.kind,
            status=transfer.status,
            source_wallet_id=order.source_id,
            target_wallet_id=order.target_id,
            amount=order.amount.text,
            currency=currency,
            fee_total=quote.fee_total.text,
            fees=[FeeLineResponse.of(line) for line in quote.fees],
            target_amount=conversion.target.text if conversion else None,
            target_currency=order.target_currency,
            rate=f"{conversion.rate.normalize():f}" if conversion else None,
            held_amount=text(transfer.held),
            captured_amount=text(transfer.captured) if transfer.captured is not None else None,
            refunded_amount=text(transfer.refunded),
            reference=order.reference,
            description=order.description,
            metadata=dict(order.metadata),
            initiator_id=order.initiator_id,
            organization_id=order.organization_id,
            parent_id=order.parent_id,
            link_id=order.link_id,
            signature=SignatureResponse.of(order.signature) if order.signature else None,
            created_at=transfer.created_at,
            settled_at=transfer.settled_at,
            expires_at=transfer.expires_at,
            closed_at=transfer.closed_at,
            decided_by=transfer.decided_by,
            decided_at=transfer.decided_at,
            reason=transfer.reason,
            version=transfer.version,
            transaction_hash=transaction_hash,
        )


class LinkedTransfersResponse(BaseModel):
    link_id: UUID | None
    items: list[TransferResponse]
