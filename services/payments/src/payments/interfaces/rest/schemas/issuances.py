"""Issuances."""

from uuid import UUID

from pydantic import ConfigDict

from chassis.rest import AmountText, RequestModel
from payments.interfaces.rest.schemas.fields import CurrencyCode, Reason

_WALLET = "01980a52-7c00-7000-8000-000000000001"


class IssuanceRequest(RequestModel):
    wallet_id: UUID
    amount: AmountText
    currency: CurrencyCode
    reason: Reason

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"wallet_id": _WALLET, "amount": "1000.00", "currency": "NAD", "reason": "opening float"}]
        }
    )
