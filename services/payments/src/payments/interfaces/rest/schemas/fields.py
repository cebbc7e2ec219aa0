"""Fields that several requests share."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        # In its own zone the first day of all, or the last, in UTC a day before or after it.
        raise ValueError("a time from the year 1 to the year 9999, in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]

CurrencyCode = Annotated[str, Field(min_length=3, max_length=3, examples=["NAD"])]
Description = Annotated[str, Field(max_length=140, examples=["rent, March"])]
Reference = Annotated[str, Field(min_length=1, max_length=64, examples=["INV-2026-0147"])]
Reason = Annotated[str, Field(min_length=3, max_length=140, examples=["asked for by the payer"])]
