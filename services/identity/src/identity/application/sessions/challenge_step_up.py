from dataclasses import dataclass

from identity.application.passkeys import audit
from identity.application.passkeys.new_ceremony import NewCeremony
from identity.application.ports.passkeys import WebAuthn
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.passkey import Ceremony, CeremonyKind
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class ChallengeStepUp:
    """Issue a challenge to step up with one of the caller's passkeys."""

    uow: UnitOfWork
    webauthn: WebAuthn
    clock: Clock

    async def __call__(self, *, actor: Actor) -> NewCeremony:
        at, challenge, ceremony_id, kind = self.clock.now(), self.webauthn.new_challenge(), new_id(), CeremonyKind.STEP_UP
        async with self.uow.begin(actor) as tx:
            known = await tx.factors.passkeys.of(actor.user_id)
            tx.factors.ceremonies.add(Ceremony.begin(ceremony_id, kind, challenge, user_id=actor.user_id, at=at))
            tx.record_bounded(audit.ceremony_begun(ceremony_id, kind, user_id=actor.user_id, at=at), user_id=actor.user_id)
        known_ids = [passkey.credential_id for passkey in known]
        return NewCeremony(ceremony_id, self.webauthn.sign_in_options(challenge, known_ids))
