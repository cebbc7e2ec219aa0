from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from kernel.actor import Actor
from kernel.errors import DomainError, InvalidValue, Kind
from kernel.ids import new_id
from payments.application.ports.transfers import Cashier, Settled
from payments.domain.transfer_order import TransferOrder, require_callers_key

LINKED_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class TransferTokens:
    """Move money from the actor's wallet as ordered; repeating a key returns the first transfer."""

    cashier: Cashier

    async def __call__(self, *, actor: Actor, order: TransferOrder) -> Settled:
        """Raise StepUpRequired, SignatureRequired, InvalidSignature, KeyReused, whatever the ledger refuses, or Unavailable."""
        require_callers_key(order.key)
        return await self.cashier.settle(order, actor)


@dataclass(frozen=True, slots=True)
class TransferLinked:
    """Move money by several orders, all of them or none; the key of the whole makes it repeatable."""

    cashier: Cashier

    async def __call__(self, *, actor: Actor, orders: Sequence[TransferOrder]) -> Sequence[Settled]:
        """Raise what the first refused order raises, or ApprovalNeeded; none has happened then."""
        if not 1 < len(orders) <= LINKED_MAX:
            raise InvalidValue(field="legs", expected=f"2 to {LINKED_MAX} legs", given=len(orders))
        require_callers_key(orders[0].key)
        link_id = new_id()
        with _naming_the_leg():
            return await self.cashier.settle_linked([replace(order, link_id=link_id) for order in orders], actor)


@contextmanager
def _naming_the_leg() -> Iterator[None]:
    try:
        yield
    except DomainError as refusal:
        name_leg(refusal)
        raise


def name_leg(refusal: DomainError) -> None:
    """Put the leg before the field of what is found not acceptable in it."""
    if refusal.kind is Kind.INVALID and refusal.field and "leg" in refusal.facts:
        refusal.field = f"legs.{refusal.facts['leg']}.{refusal.field}"
