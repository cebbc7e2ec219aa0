"""Amounts as decimals of Cedar."""

from decimal import Decimal
from typing import Final

# Four decimals, and 64 bits. A larger sum is above every threshold and limit.
_QUANTUM: Final = Decimal("0.0001")
_MOST: Final = Decimal("922337203685477.5807")


def cedar_decimal(amount: Decimal, *, rounding: str) -> str:
    """Write an amount in the form of Cedar's decimals. `rounding` is one of the constants of `decimal`."""
    return f"{min(amount, _MOST).quantize(_QUANTUM, rounding=rounding):f}"
