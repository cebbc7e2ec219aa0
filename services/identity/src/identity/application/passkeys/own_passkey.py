from uuid import UUID

from identity.application.ports.unit_of_work import Transaction
from identity.domain.passkey import Passkey
from kernel.actor import Actor
from kernel.errors import NotFound


async def lock_own_passkey(tx: Transaction, actor: Actor, passkey_id: UUID) -> Passkey:
    """Lock a passkey of the caller. Raise NotFound for another user's."""
    passkey = await tx.factors.passkeys.lock(passkey_id)
    if passkey is None or passkey.user_id != actor.user_id:
        raise NotFound(passkey_id=passkey_id)
    return passkey
