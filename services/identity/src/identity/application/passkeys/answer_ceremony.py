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
    """`shown_since`: when the challenge was made. Nothing tells how long the answer to it was held back."""

    passkey: Passkey
    shown_since: datetime


@dataclass(frozen=True, slots=True)
class AnswerCeremony:
    """Take a passkey's answer to a challenge, within the caller's transaction, which must be committed either way.

    The challenge is used up by a wrong answer too; a counter that ran backwards flags the passkey. One whose backup eligibility
    is not what it was registered with is refused (WebAuthn level 3, section 7.2).
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
        """Return the passkey that signed, and since when it may have.

        None when the answer is refused, of which the audit fact is recorded here.
        """
        ceremony = await tx.factors.ceremonies.lock(ceremony_id)
        if ceremony is None or not ceremony.take(kind, user_id=user_id, at=at):
            over = audit.ceremony_failed(ceremony_id, passkey=None, at=at, reason="over")
            if user_id:
                tx.record_bounded(over, account=user_id)
            else:
                tx.tally(over)
            return None
        passkey, used = await self._verify(tx, ceremony, credential, user_id, at)
        if passkey and used is PasskeyUse.ACCEPTED:
            # A passkey speaks for its user: there is nobody else in an anonymous sign-in to record it.
            tx.record_bounded(second_factor_shown(passkey.user_id, "passkey", at=at), account=passkey.user_id)
            return PasskeyProof(passkey, ceremony.begun_at)
        failed = audit.ceremony_failed(ceremony_id, passkey=passkey, at=at, reason=used.value if used else "refused")
        # Of a caller who is known, or of the passkey itself: nobody else makes such an answer.
        if owner := user_id or (passkey.user_id if passkey and used else None):
            tx.record_bounded(failed, account=owner)
        else:
            tx.tally(failed, account=passkey.user_id if passkey else None)
        return None

    async def _verify(
        self, tx: Transaction, ceremony: Ceremony, credential: Mapping[str, Any], user_id: UUID | None, at: datetime
    ) -> tuple[Passkey | None, PasskeyUse | None]:
        """Return the passkey that the answer names, and the result of its use: None where its signature is refused."""
        passkey = None
        try:
            answering = self.webauthn.answering(credential)
            passkey = await tx.factors.passkeys.lock_credential(answering.credential_id)
            if passkey and answering.is_of(passkey.user_id) and user_id in {None, passkey.user_id}:
                shown = self.webauthn.verify_signature(ceremony.challenge, credential, passkey.public_key)
                return passkey, passkey.use(shown, at=at)
        except PasskeyRefused:
            pass
        return passkey, None
