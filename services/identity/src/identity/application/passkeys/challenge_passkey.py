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
class ChallengePasskey:
    """Issue a challenge for a sign-in. It names no credential, because that would reveal which ones exist."""

    uow: UnitOfWork
    webauthn: WebAuthn
    clock: Clock

    async def __call__(self, *, actor: Actor) -> NewCeremony:
        at, challenge, ceremony_id, kind = self.clock.now(), self.webauthn.new_challenge(), new_id(), CeremonyKind.SIGN_IN
        async with self.uow.begin(actor) as tx:
            tx.factors.ceremonies.add(Ceremony.begin(ceremony_id, kind, challenge, user_id=None, at=at))
            tx.tally(audit.ceremony_begun(ceremony_id, kind, user_id=None, at=at))
        return NewCeremony(ceremony_id, self.webauthn.sign_in_options(challenge, ()))
