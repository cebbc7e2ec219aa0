"""Fields that several requests share."""

from typing import Annotated

from pydantic import Field

CurrencyCode = Annotated[str, Field(min_length=3, max_length=3, examples=["NAD"])]
Description = Annotated[str, Field(max_length=140, examples=["rent, March"])]
