from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from identity.application.passkeys import audit
from identity.application.passkeys.answer_ceremony import AnswerCeremony
from identity.application.ports.session_rules import SessionStarter, TokenPair
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.errors import InvalidCredentials, PasskeyRefused
from identity.domain.passkey import CeremonyKind
from identity.domain.sign_in_failure import SignInFailure
from identity.domain.user import User
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class SignInWithPasskey:
    """Sign in with a passkey, without a password.

    Failures do not count against password attempts, because a passkey cannot be guessed.
    """

    uow: UnitOfWork
    answer: AnswerCeremony
    start: SessionStarter
    clock: Clock

    async def __call__(self, *, actor: Actor, ceremony_id: UUID, credential: Mapping[str, Any], device_id: UUID) -> TokenPair:
        """Raise PasskeyRefused, InvalidCredentials for an inactive user, or Unavailable."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            proof = await self.answer(tx, ceremony_id, CeremonyKind.SIGN_IN, credential, user_id=None, at=at)
        if proof is None:
            raise PasskeyRefused
        passkey = proof.passkey
        try:
            return await self.start(
                actor=actor,
                user_id=passkey.user_id,
                device_id=device_id,
                methods=passkey.methods,
                passkey_id=passkey.id,
                proven_since=proof.proven_since,
                confirm=_require_second_factor,
            )
        except (InvalidCredentials, PasskeyRefused):
            device = str(device_id)
            async with self.uow.begin(replace(actor, device_id=device)) as tx:
                tx.tally(audit.sign_in_failed(passkey, device_id=device, reason=SignInFailure.NOT_ACTIVE, at=at))
            raise


def _require_second_factor(user: User) -> None:
    # All factors may have been removed meanwhile, for example by a recovery.
    if not user.has_second_factor:
        raise PasskeyRefused
