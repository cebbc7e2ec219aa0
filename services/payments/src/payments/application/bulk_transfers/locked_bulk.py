"""A bulk transfer that waits for a decision, locked for update."""

from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from payments.application.ports.unit_of_work import Transaction
from payments.domain.bulk import Bulk


async def lock_for_decision(tx: Transaction, bulk_id: UUID, actor: Actor) -> tuple[Bulk, bool]:
    """Return the bulk transfer, and whether one of its lines pays the actor; raise NotFound."""
    found = await tx.bulks.lock(bulk_id)
    if found is None:
        raise NotFound(bulk_id=bulk_id)
    return found[0], await tx.bulks.pays(bulk_id, actor.user_id)
