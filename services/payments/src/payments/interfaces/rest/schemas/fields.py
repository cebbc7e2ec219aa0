"""Fields that several requests share."""

from typing import Annotated

from pydantic import Field

from chassis.rest import AS_SENT, ONE_LINE, ONE_LINE_REASON

CurrencyCode = Annotated[str, Field(min_length=3, max_length=3, examples=["NAD"]), AS_SENT]
Description = Annotated[str, Field(max_length=140, examples=["rent, March"]), ONE_LINE]
Reference = Annotated[str, Field(min_length=1, max_length=64, examples=["INV-2026-0147"]), ONE_LINE]
OptionalReference = Annotated[str, Field(max_length=64), ONE_LINE]
Reason = Annotated[str, Field(min_length=3, max_length=140, examples=["asked for by the payer"]), ONE_LINE_REASON]
