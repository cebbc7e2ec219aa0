"""What a payer must show with larger requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class PayerPolicy:
    """Above `signed_above` a signature, above `strong_above` two factors shown minutes ago: amounts by currency.

    What is not named needs neither. Both are asked of all that one request moves: `payer_rules` does.
    """

    signed_above: Mapping[str, Decimal] = field(default_factory=dict)
    strong_above: Mapping[str, Decimal] = field(default_factory=dict)
