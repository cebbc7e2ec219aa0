from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from identity.application.factors.recent_proof import lock_with_recent_proof
from identity.application.factors.record_added_factor import RecordAddedFactor
from identity.application.passkeys import audit
from identity.application.ports.passkeys import NewCredential, WebAuthn
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.domain.errors import PasskeyRefused, TooManyPasskeys
from identity.domain.passkey import PER_USER_MAX, CeremonyKind, Passkey
from identity.domain.user import User
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class AddPasskey:
    """Add a passkey, which signs in without a password and counts as two factors."""

    uow: UnitOfWork
    webauthn: WebAuthn
    record_added_factor: RecordAddedFactor
    clock: Clock

    async def __call__(
        self, *, actor: Actor, ceremony_id: UUID, name: str, credential: Mapping[str, Any], end_other_sessions: bool = True
    ) -> Passkey:
        """Raise PasskeyRefused (the challenge is used all the same), StepUpRequired, FactorExists or TooManyPasskeys."""
        at, passkey = self.clock.now(), None
        async with self.uow.begin(actor) as tx:
            user = await lock_with_recent_proof(tx, actor, at=at)
            verified = await self._verify(tx, user, ceremony_id, credential, at)
            if verified:
                passkey = await _add(tx, user, verified, name, at)
                await self.record_added_factor(tx, actor, user, "passkey", end_other_sessions=end_other_sessions, at=at)
        # Raise it after the commit, or the refusal would not be recorded.
        if passkey is None:
            raise PasskeyRefused
        return passkey

    async def _verify(
        self, tx: Transaction, user: User, ceremony_id: UUID, credential: Mapping[str, Any], at: datetime
    ) -> NewCredential | None:
        ceremony = await tx.factors.ceremonies.lock(ceremony_id)
        if ceremony is None or not ceremony.take(CeremonyKind.REGISTER, user_id=user.id, at=at):
            tx.record_bounded(audit.ceremony_failed(ceremony_id, passkey=None, at=at, reason="over"), user_id=user.id)
            return None
        try:
            return self.webauthn.verify_registration(ceremony.challenge, credential)
        except PasskeyRefused:
            tx.record_bounded(audit.ceremony_failed(ceremony_id, passkey=None, at=at), user_id=user.id)
            return None


async def _add(tx: Transaction, user: User, verified: NewCredential, name: str, at: datetime) -> Passkey:
    if len(await tx.factors.passkeys.of(user.id)) >= PER_USER_MAX:
        raise TooManyPasskeys
    passkey_id = new_id()
    passkey = Passkey(
        id=passkey_id,
        user_id=user.id,
        credential_id=verified.credential_id,
        public_key=verified.public_key,
        sign_count=verified.sign_count,
        backup_eligible=verified.backup_eligible,
        backed_up=verified.backed_up,
        name=await tx.names.seal(user.id, passkey_id, name),
        created_at=at,
    )
    await tx.factors.passkeys.add(passkey)
    return passkey
