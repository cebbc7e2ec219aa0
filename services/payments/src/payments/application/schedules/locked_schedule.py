"""The payer's own schedule, locked for update."""

from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from payments.application.ports.unit_of_work import Transaction
from payments.domain.schedule import Schedule


async def lock_own_schedule(tx: Transaction, schedule_id: UUID, actor: Actor) -> Schedule:
    """Lock a schedule of the actor, or of the organization that the actor acts for; raise NotFound for any other."""
    found = await tx.schedules.lock([schedule_id])
    if not found or found[0].payer_id != actor.acts_for:
        raise NotFound(schedule_id=schedule_id)
    return found[0]
