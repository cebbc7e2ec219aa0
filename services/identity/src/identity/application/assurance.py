"""What several nouns ask of an actor's sign-in."""

from datetime import datetime

from identity.application.ports.unit_of_work import Transaction
from kernel.actor import Actor
from kernel.assurance import RECENT


async def require_recent(tx: Transaction, actor: Actor, *, at: datetime) -> None:
    """Raise StepUpRequired where the actor's account, not their token, says that they fall short of RECENT."""
    RECENT.require(actor, at=at, factors=await tx.users.factors_of(actor.user_id))
