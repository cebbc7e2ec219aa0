"""How recently, and by which factors, a caller must have authenticated."""

from datetime import datetime

from identity.application.ports.unit_of_work import Transaction
from identity.domain.errors import InvalidCredentials
from identity.domain.user import User
from kernel.actor import Actor
from kernel.assurance import RECENT


async def lock_with_recent_proof(tx: Transaction, actor: Actor, *, at: datetime) -> User:
    """Lock the caller, who changes their factors. Users with a second factor must just have authenticated with two (ASVS 7.5.1).

    Raise StepUpRequired, or InvalidCredentials for an inactive user.
    """
    user = await tx.users.lock(actor.user_id)
    if user is None or not user.is_active:
        raise InvalidCredentials
    RECENT.require(actor, at=at, factors=user.factors)
    return user


async def require_recent(tx: Transaction, actor: Actor, *, at: datetime) -> None:
    """Raise StepUpRequired unless the sign-in is RECENT by the factors of the actor's account, whatever their token claims."""
    RECENT.require(actor, at=at, factors=await tx.users.factors_of(actor.user_id))
