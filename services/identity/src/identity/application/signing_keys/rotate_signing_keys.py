from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from identity.application.ports.signing_keys import KeyMaker
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.signing_keys import audit
from identity.application.signing_keys.announce_key import announce_key
from identity.domain.signing_key import SigningKey, active_key
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Rotation:
    """The current and next signing key; `rotated` is whether they have just changed."""

    rotated: bool
    signing_id: UUID
    next_id: UUID
    next_usable_at: datetime


@dataclass(frozen=True, slots=True)
class RotateSigningKeys:
    """Activate the next key once the current one has signed long enough, and delete keys whose tokens have all expired.

    Every verifier knows the next key by then. Tokens of the previous key stay valid until they expire. Repeating it, also
    concurrently, rotates only once.
    """

    uow: UnitOfWork
    key_maker: KeyMaker
    clock: Clock
    key_life: timedelta

    async def __call__(self, *, early: bool = False, compromised: bool = False) -> Rotation:
        """Rotate if it is time. `early` rotates before that, but never to a key that verifiers may not know yet.

        `compromised` keeps no key: every access token is void as soon as verifiers have read the new document, and clients
        refresh theirs.
        """
        at = self.clock.now()
        async with self.uow.begin(Actor.service("identity")) as tx:
            keys = list(await tx.signing_keys.lock_all())
            if compromised:
                await self._drop(tx, keys, at)
                keys = []
            before = active_key(keys)
            following = next((key for key in keys if key.is_next), None)
            if before is None:
                signing = announce_key(tx, self.key_maker, at, active=True)
            elif following and at >= following.usable_at and (early or before.is_due(at, life=self.key_life)):
                signing, following = self._hand_over(tx, before, following, at), None
            else:
                signing = before
            following = following or announce_key(tx, self.key_maker, at)
            await self._drop(tx, [key for key in keys if not key.is_published(at)], at)
        return Rotation(signing is not before, signing.id, following.id, following.usable_at)

    def _hand_over(self, tx: Transaction, before: SigningKey, following: SigningKey, at: datetime) -> SigningKey:
        with tx.change(audit.SIGNING_KEY, before, "retire", at=at):
            before.retire(at=at)
        with tx.change(audit.SIGNING_KEY, following, "activate", at=at):
            following.activate(at=at)
        return following

    async def _drop(self, tx: Transaction, keys: Sequence[SigningKey], at: datetime) -> None:
        for key in keys:
            await tx.signing_keys.remove(key)
            tx.record(audit.signing_key_removed(key, at=at))
