"""Transfers and issuances."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chassis.rest import AmountText, RequestModel
from kernel.money import amount_text
from payments.application.transfers.queries import TransferView
from payments.domain.transfer import Transfer
from payments.interfaces.rest.schemas.fields import CurrencyCode, Description


class TransferRequest(RequestModel):
    source_wallet_id: UUID
    target_wallet_id: UUID
    amount: AmountText
    currency: CurrencyCode
    description: Description = ""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source_wallet_id": "01980a52-7c00-7000-8000-000000000001",
                    "target_wallet_id": "01980a52-7c00-7000-8000-000000000002",
                    "amount": "250.00",
                    "currency": "NAD",
                    "description": "rent, March",
                }
            ]
        }
    )


class IssuanceRequest(RequestModel):
    wallet_id: UUID
    amount: AmountText
    currency: CurrencyCode
    reason: Annotated[str, Field(min_length=3, max_length=140)]

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "wallet_id": "01980a52-7c00-7000-8000-000000000001",
                    "amount": "1000.00",
                    "currency": "NAD",
                    "reason": "opening float",
                }
            ]
        }
    )


class TransferResponse(BaseModel):
    id: UUID
    kind: str
    status: str = "completed"
    source_wallet_id: UUID
    target_wallet_id: UUID
    amount: str
    currency: str
    description: str
    settled_at: datetime

    @classmethod
    def of(cls, transfer: Transfer) -> Self:
        order = transfer.order
        return cls(
            id=transfer.id,
            kind=order.kind,
            source_wallet_id=order.source_id,
            target_wallet_id=order.target_id,
            amount=order.amount.text,
            currency=order.amount.currency.code,
            description=order.description,
            settled_at=transfer.settled_at,
        )

    @classmethod
    def of_view(cls, view: TransferView) -> Self:
        return cls(
            id=view.id,
            kind=view.kind,
            source_wallet_id=view.source_id,
            target_wallet_id=view.target_id,
            amount=amount_text(view.amount, view.currency),
            currency=view.currency,
            description=view.description,
            settled_at=view.settled_at,
        )
