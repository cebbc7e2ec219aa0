from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from identity.application.ports.signing_keys import KeyMaker
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.signing_keys import audit
from identity.application.signing_keys.announce_key import announce_key
from identity.domain.signing_key import SigningKey, active_key
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class EnsureSigningKeys:
    """Ensure that one key signs and the next one is published. Repeating it, also concurrently, changes nothing."""

    uow: UnitOfWork
    key_maker: KeyMaker
    clock: Clock

    async def __call__(self) -> Sequence[SigningKey]:
        """Return the keys that verifiers may need."""
        at = self.clock.now()
        async with self.uow.begin(Actor.service("identity")) as tx:
            keys = list(await tx.signing_keys.lock_all())
            if active_key(keys) is None:
                keys += self._activate(tx, keys, at)
            if not any(key.is_next for key in keys):
                keys.append(announce_key(tx, self.key_maker, at))
        return [key for key in keys if key.is_published(at)]

    def _activate(self, tx: Transaction, keys: Sequence[SigningKey], at: datetime) -> Sequence[SigningKey]:
        """Activate the announced key, or a new one if there is none. Return the new keys."""
        waiting = [key for key in keys if key.is_next]
        if waiting:
            with tx.change(audit.SIGNING_KEY, waiting[0], "activate", at=at):
                waiting[0].activate(at=at)
            return ()
        return (announce_key(tx, self.key_maker, at, active=True),)
