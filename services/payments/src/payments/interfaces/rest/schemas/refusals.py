"""Refusals and remaining limits in dry runs."""

from decimal import Decimal
from typing import Any, Self

from pydantic import Field

from chassis.rest import ResponseModel
from kernel.errors import DomainError
from kernel.money import amount_text
from payments.domain.limits import Allowance


class RehearsedRefusalResponse(ResponseModel):
    """The error that the request would get. `leg` is the number of the linked transfer, from 0."""

    code: str = Field(examples=["PAY_001"])
    error: str = Field(examples=["The wallet's available balance is too low."])
    field: str | None
    leg: int | None
    details: dict[str, Any] = Field(examples=[{"needed": "252.00", "available": "12.00", "currency": "NAD"}])

    @classmethod
    def of(cls, refusal: DomainError, *, is_linked: bool = False) -> Self:
        leg: Any = refusal.facts.get("leg") if is_linked else None
        return cls(code=refusal.code, error=refusal.message, field=refusal.field, leg=leg, details=refusal.details)


class LimitLeftResponse(ResponseModel):
    """The amounts that the payer could still move afterwards; null if there is no limit."""

    currency: str
    day: str | None = Field(examples=["9750.00"])
    month: str | None

    @classmethod
    def of(cls, allowance: Allowance) -> Self:
        currency = allowance.spending.currency

        def text(amount: Decimal | None) -> str | None:
            return None if amount is None else amount_text(amount, currency)

        return cls(currency=currency, day=text(allowance.day_left), month=text(allowance.month_left))
