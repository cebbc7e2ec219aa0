"""Exchange rates."""

from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from chassis.rest import Moment, RequestModel
from payments.application.versions import VersionRecord
from payments.domain.fx_rate import FxRate
from payments.domain.rounding import Rounding
from payments.domain.validity import Validity
from payments.interfaces.rest.schemas.versions import (
    CurrencyText,
    From,
    HistoryResponse,
    PercentText,
    Reason,
    VersionResponse,
    number_text,
    recorded_fields,
    version_fields,
)

RateText = Annotated[str, Field(pattern=r"^[0-9]{1,10}(\.[0-9]{1,10})?$", examples=["0.0549"])]


class RateRequest(RequestModel):
    """The price of one unit of `base` in units of `quote`. It must end within seven days."""

    base: CurrencyText
    quote: CurrencyText = Field(examples=["USD"])
    mid: RateText
    spread_percent: PercentText = Field(default="0", examples=["1"])
    rounding: Rounding = Rounding.DOWN
    valid_from: From = None
    valid_until: Moment = Field(examples=["2026-12-01T16:00:00Z"])
    reason: Reason

    def draft(self, rate_id: UUID, validity: Validity) -> FxRate:
        return FxRate(
            id=rate_id,
            base=self.base,
            quote=self.quote,
            version=1,
            mid=Decimal(self.mid),
            spread_percent=Decimal(self.spread_percent),
            validity=validity,
            rounding=self.rounding,
        )


class RateResponse(VersionResponse):
    """`rate` is the customer's rate: `mid` less the spread."""

    base: str
    quote: str
    mid: str
    spread_percent: str
    rate: str
    rounding: Rounding

    @classmethod
    def of(cls, rate: FxRate) -> Self:
        return cls(
            **version_fields(rate),
            base=rate.base,
            quote=rate.quote,
            mid=number_text(rate.mid),
            spread_percent=number_text(rate.spread_percent),
            rate=number_text(rate.customer_rate),
            rounding=rate.rounding,
        )


class RateHistoryResponse(RateResponse, HistoryResponse):
    @classmethod
    def of_recorded(cls, recorded: VersionRecord[FxRate]) -> Self:
        return cls(**RateResponse.of(recorded.item).model_dump(), **recorded_fields(recorded))
