from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from kernel.actor import Actor
from kernel.errors import InvalidValue
from kernel.ids import new_id
from payments.application.ports.transfers import Request
from payments.application.transfers.linked_legs import LINKED_MAX, name_leg
from payments.application.transfers.rehearsal import Rehearsal
from payments.domain.transfer_order import TransferOrder, require_callers_key


@dataclass(frozen=True, slots=True)
class RehearseTransfers:
    """Return the result of a dry run of a transfer or of linked transfers. It takes the path of a real one and writes nothing."""

    rehearse: Callable[[Request], Awaitable[Rehearsal]]

    async def __call__(self, *, actor: Actor, orders: Sequence[TransferOrder]) -> Rehearsal:
        """Raise InvalidValue for an invalid key or number of legs."""
        if not 1 <= len(orders) <= LINKED_MAX:
            raise InvalidValue(field="legs", expected=f"2 to {LINKED_MAX} legs")
        require_callers_key(orders[0].key)
        link_id = new_id()
        linked = [replace(order, link_id=link_id) for order in orders] if len(orders) > 1 else orders
        rehearsal = await self.rehearse(Request(tuple(linked), actor))
        if rehearsal.is_linked and rehearsal.refusal:
            name_leg(rehearsal.refusal)
        return rehearsal
