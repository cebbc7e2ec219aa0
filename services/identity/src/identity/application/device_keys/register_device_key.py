import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.device_keys import audit
from identity.application.device_keys.revoke_keys import revoke_keys
from identity.application.device_keys.session_device import device_of
from identity.application.ports.device_keys import Challenges, DeviceSignatures
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.domain.device_key import DeviceKey, KeyAlgorithm, RevokeReason, possession_message
from identity.domain.errors import InvalidDeviceKey, PossessionNotProven
from identity.domain.message import Template
from kernel.actor import Actor
from kernel.assurance import RECENT
from kernel.clock import Clock
from kernel.errors import AccessDenied


@dataclass(frozen=True, slots=True)
class RegisterDeviceKey:
    """Register the public key of the caller's device, after the device has proven that it has the private key.

    The device's previous key is revoked. The user is notified by mail, because the key signs transfers.
    """

    uow: UnitOfWork
    challenges: Challenges
    signatures: DeviceSignatures
    clock: Clock

    async def __call__(
        self, *, actor: Actor, algorithm: KeyAlgorithm, public_key: str, challenge: str, signature: str
    ) -> DeviceKey:
        """Take key and signature in base64url. Raise StepUpRequired, InvalidChallenge, InvalidDeviceKey,
        PossessionNotProven, or DeviceKeyKnown for a key that was ever registered.
        """  # noqa: D205  # one thing, not two
        at, device_id = self.clock.now(), device_of(actor)
        RECENT.require(actor, at=at)
        key = self._proven_key(algorithm, public_key, challenge, signature, user_id=actor.user_id, device_id=device_id, at=at)
        registered = DeviceKey.register(actor.user_id, device_id, algorithm, key, at=at)
        async with self.uow.begin(actor) as tx:
            await self._replace(tx, actor, registered, at)
        return registered

    def _proven_key(
        self,
        algorithm: KeyAlgorithm,
        public_key: str,
        challenge: str,
        signature: str,
        *,
        user_id: UUID,
        device_id: UUID,
        at: datetime,
    ) -> bytes:
        self.challenges.check(challenge, user_id, device_id, at=at)
        key = _decode(public_key)
        if key is None or not self.signatures.is_key(algorithm, key):
            raise InvalidDeviceKey(field="public_key")
        signed = _decode(signature)
        message = possession_message(challenge, algorithm, public_key)
        if signed is None or not self.signatures.verify(algorithm, key, signed, message):
            raise PossessionNotProven(field="signature")
        return key

    async def _replace(self, tx: Transaction, actor: Actor, key: DeviceKey, at: datetime) -> None:
        user = await tx.users.lock(key.user_id)
        if user is None or not user.is_active:
            # The token may be valid for some minutes after the account was closed.
            raise AccessDenied(user_id=key.user_id)
        RECENT.require(actor, at=at, factors=user.factors)
        await revoke_keys(tx, key.user_id, RevokeReason.REPLACED, at=at, device_id=key.device_id)
        await tx.device_keys.add(key)
        tx.create(audit.DEVICE_KEY, key, "register", at=at)
        await tx.messages.send(key.user_id, Template.DEVICE_KEY_ADDED)


def _decode(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    # Accept only one spelling of a value, because the text is signed.
    return raw if base64.urlsafe_b64encode(raw).decode().rstrip("=") == text else None
