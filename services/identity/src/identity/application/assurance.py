"""The sign-in that use cases of several nouns require."""

from datetime import datetime

from identity.application.ports.unit_of_work import Transaction
from kernel.actor import Actor
from kernel.assurance import RECENT


async def require_recent(tx: Transaction, actor: Actor, *, at: datetime) -> None:
    """Raise StepUpRequired unless the sign-in is RECENT by the factors of the actor's account, whatever their token claims."""
    RECENT.require(actor, at=at, factors=await tx.users.factors_of(actor.user_id))
