from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from identity.application.factors.audit import second_factor_shown
from identity.application.passkeys import audit
from identity.application.ports.passkeys import WebAuthn
from identity.application.ports.unit_of_work import Transaction
from identity.domain.errors import PasskeyRefused
from identity.domain.passkey import Ceremony, CeremonyKind, Passkey, PasskeyUse


@dataclass(frozen=True, slots=True)
class PasskeyProof:
    """`proven_since`: when the challenge was created. The answer may be as old, because it can be held back."""

    passkey: Passkey
    proven_since: datetime


@dataclass(frozen=True, slots=True)
class AnswerCeremony:
    """Verify a passkey's answer to a challenge in the caller's transaction, which must be committed in either case.

    A wrong answer uses the challenge, too. A counter that went backwards flags the passkey. A passkey whose backup eligibility
    differs from its registration is refused (WebAuthn level 3, section 7.2).
    """

    webauthn: WebAuthn

    async def __call__(
        self,
        tx: Transaction,
        ceremony_id: UUID,
        kind: CeremonyKind,
        credential: Mapping[str, Any],
        *,
        user_id: UUID | None,
        at: datetime,
    ) -> PasskeyProof | None:
        """Return the passkey that signed, and the earliest time at which it can have signed.

        Return None if the answer is refused. That is recorded here.
        """
        ceremony = await tx.factors.ceremonies.lock(ceremony_id)
        if ceremony is None or not ceremony.take(kind, user_id=user_id, at=at):
            over = audit.ceremony_failed(ceremony_id, passkey=None, at=at, reason="over")
            if user_id:
                tx.record_bounded(over, user_id=user_id)
            else:
                tx.tally(over)
            return None
        passkey, used = await self._verify(tx, ceremony, credential, user_id, at)
        if passkey and used is PasskeyUse.ACCEPTED:
            # In an anonymous sign-in, the passkey's user is the only known actor.
            tx.record_bounded(second_factor_shown(passkey.user_id, "passkey", at=at), user_id=passkey.user_id)
            return PasskeyProof(passkey, ceremony.begun_at)
        failed = audit.ceremony_failed(ceremony_id, passkey=passkey, at=at, reason=used.value if used else "refused")
        # Bounded for a known caller or a genuine passkey: nobody else can produce such an answer.
        if owner := user_id or (passkey.user_id if passkey and used else None):
            tx.record_bounded(failed, user_id=owner)
        else:
            tx.tally(failed, user_id=passkey.user_id if passkey else None)
        return None

    async def _verify(
        self, tx: Transaction, ceremony: Ceremony, credential: Mapping[str, Any], user_id: UUID | None, at: datetime
    ) -> tuple[Passkey | None, PasskeyUse | None]:
        """Return the passkey that the answer names and the result of its use, which is None if the signature is invalid."""
        passkey = None
        try:
            answering = self.webauthn.answering(credential)
            passkey = await tx.factors.passkeys.lock_credential(answering.credential_id)
            if passkey and answering.is_of(passkey.user_id) and user_id in {None, passkey.user_id}:
                assertion = self.webauthn.verify_signature(ceremony.challenge, credential, passkey.public_key)
                return passkey, passkey.use(assertion, at=at)
        except PasskeyRefused:
            pass
        return passkey, None
