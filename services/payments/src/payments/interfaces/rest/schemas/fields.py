"""Fields that several requests share."""

from typing import Annotated

from pydantic import Field

CurrencyCode = Annotated[str, Field(min_length=3, max_length=3, examples=["NAD"])]
Description = Annotated[str, Field(max_length=140, examples=["rent, March"])]
Reference = Annotated[str, Field(min_length=1, max_length=64, examples=["INV-2026-0147"])]
Reason = Annotated[str, Field(min_length=3, max_length=140, examples=["asked for by the payer"])]
