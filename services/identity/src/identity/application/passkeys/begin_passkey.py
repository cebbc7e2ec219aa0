from dataclasses import dataclass

from identity.application.factors.recent_proof import lock_with_recent_proof
from identity.application.passkeys import audit
from identity.application.passkeys.new_ceremony import NewCeremony
from identity.application.ports.passkeys import WebAuthn
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.errors import TooManyPasskeys
from identity.domain.passkey import PER_USER_MAX, Ceremony, CeremonyKind
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class BeginPasskey:
    """Begin to add a passkey to the caller's account."""

    uow: UnitOfWork
    webauthn: WebAuthn
    clock: Clock

    async def __call__(self, *, actor: Actor) -> NewCeremony:
        """Raise StepUpRequired, or TooManyPasskeys."""
        at, challenge, ceremony_id, kind = self.clock.now(), self.webauthn.new_challenge(), new_id(), CeremonyKind.REGISTER
        async with self.uow.begin(actor) as tx:
            user = await lock_with_recent_proof(tx, actor, at=at)
            known = await tx.factors.passkeys.of(user.id)
            if len(known) >= PER_USER_MAX:
                raise TooManyPasskeys
            tx.factors.ceremonies.add(Ceremony.begin(ceremony_id, kind, challenge, user_id=user.id, at=at))
            tx.record_bounded(audit.ceremony_begun(ceremony_id, kind, user_id=user.id, at=at), user_id=user.id)
            profile = await tx.profiles.of(user.id)
        known_ids = [passkey.credential_id for passkey in known]
        return NewCeremony(ceremony_id, self.webauthn.registration_options(challenge, user.id, profile.email, known_ids))
