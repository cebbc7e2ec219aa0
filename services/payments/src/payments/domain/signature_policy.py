"""Which transfers their payer must have signed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from payments.domain.errors import SignatureRequired
from payments.domain.transfer_order import TransferOrder


@dataclass(frozen=True, slots=True)
class SignaturePolicy:
    """`required_above` has an amount for each currency in which larger transfers must be signed."""

    required_above: Mapping[str, Decimal] = field(default_factory=dict)

    def require(self, order: TransferOrder) -> None:
        """Raise SignatureRequired for an unsigned order that is too large to go without."""
        most = self.required_above.get(order.amount.currency.code)
        if order.signature is None and most is not None and order.amount.amount > most:
            raise SignatureRequired(field="signature", above=f"{most:f}", currency=order.amount.currency.code)
