"""The common fields of versions of fees, rates and limits. Amounts and percentages are text."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from chassis.rest import REASON, Moment, RequestModel, ResponseModel
from payments.application.versions import VersionRecord
from payments.domain.fee_rule import FeeRule
from payments.domain.fx_rate import FxRate
from payments.domain.limits import Limit

CURRENCY_PATTERN = r"^[A-Z]{3}$"
CurrencyText = Annotated[str, Field(pattern=CURRENCY_PATTERN, examples=["NAD"])]
PercentText = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,4})?$", examples=["1.5"])]
Reason = Annotated[str, Field(min_length=3, max_length=500, examples=["board resolution 12/2026"]), REASON]
From = Annotated[Moment | None, Field(description="Default: now. Not in the past", examples=["2026-12-01T00:00:00Z"])]
Until = Annotated[Moment | None, Field(description="Default: no end", examples=["2027-12-01T00:00:00Z"])]


class EndVersionRequest(RequestModel):
    valid_until: From = None
    reason: Reason


class VersionResponse(ResponseModel):
    """The public fields of every version. Only staff see who recorded it and why."""

    id: UUID
    version: int
    valid_from: datetime
    valid_until: datetime | None


class HistoryResponse(ResponseModel):
    recorded_by: str
    recorded_at: datetime
    reason: str


def version_fields(item: FeeRule | FxRate | Limit) -> dict[str, object]:
    return {
        "id": item.id,
        "version": item.version,
        "valid_from": item.validity.since,
        "valid_until": item.validity.until,
    }


def recorded_fields(recorded: VersionRecord[FeeRule] | VersionRecord[FxRate] | VersionRecord[Limit]) -> dict[str, object]:
    return {"recorded_by": recorded.recorded_by, "recorded_at": recorded.recorded_at, "reason": recorded.reason}


def decimal_text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def number_text(number: Decimal) -> str:
    """Write a number without the trailing zeros of its column."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
