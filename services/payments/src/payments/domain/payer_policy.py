"""What a payer must show with larger transfers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from kernel.actor import Actor, ActorKind
from kernel.assurance import STRONG_AND_RECENT
from kernel.money import Money
from payments.domain.errors import SignatureRequired
from payments.domain.transfer_order import TransferOrder


@dataclass(frozen=True, slots=True)
class PayerPolicy:
    """Above `signed_above` a signature, above `strong_above` two factors shown minutes ago: amounts by currency.

    What is not named needs neither.
    """

    signed_above: Mapping[str, Decimal] = field(default_factory=dict)
    strong_above: Mapping[str, Decimal] = field(default_factory=dict)

    def require_signature(self, order: TransferOrder) -> None:
        """Raise SignatureRequired for an unsigned order that is too large to go without."""
        most = self.signed_above.get(order.amount.currency.code)
        if order.signature is None and most is not None and order.amount.amount > most:
            raise SignatureRequired(field="signature", above=f"{most:f}", currency=order.amount.currency.code)

    def require_assurance(self, amounts: Iterable[Money], *, actor: Actor, at: datetime) -> None:
        """Raise StepUpRequired when what a user moves at once is too much for how surely we know them.

        A service answers for its own users (ASVS 7.5.3 asks it of sessions).
        """
        if not self.strong_above or actor.kind is not ActorKind.USER:
            return
        totals: dict[str, Decimal] = {}
        for amount in amounts:
            code = amount.currency.code
            totals[code] = totals.get(code, Decimal(0)) + amount.amount
        if any(total > self.strong_above[code] for code, total in totals.items() if code in self.strong_above):
            STRONG_AND_RECENT.require(actor, at=at)
