"""The requirements for a payer's larger requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class PayerPolicy:
    """Requests above `signed_above` require a signature, above `strong_above` a recent two-factor sign-in. Amounts by currency.

    A currency that is not listed requires neither. `payer_rules` compares both with the total of the request.
    """

    signed_above: Mapping[str, Decimal] = field(default_factory=dict)
    strong_above: Mapping[str, Decimal] = field(default_factory=dict)
