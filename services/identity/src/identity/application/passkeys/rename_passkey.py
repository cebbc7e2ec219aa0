from dataclasses import dataclass
from uuid import UUID

from identity.application.passkeys import audit
from identity.application.passkeys.own_passkey import lock_own_passkey
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.passkey import Passkey
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class RenamePasskey:
    """Rename a passkey of the caller."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, passkey_id: UUID, name: str) -> Passkey:
        """Raise NotFound for a passkey that is not the caller's."""
        async with self.uow.begin(actor) as tx:
            passkey = await lock_own_passkey(tx, actor, passkey_id)
            passkey.rename(await tx.names.seal(passkey.user_id, passkey.id, name))
            tx.record(audit.passkey_renamed(passkey, at=self.clock.now()))
        return passkey
