"""Signing in by passkey, without a password; and the challenge for showing one again within a session.

Failures count against nobody's password attempts: there is nothing to guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from identity.application.factors import audit
from identity.application.factors.answer_ceremony import AnswerCeremony
from identity.application.factors.manage_passkeys import Begun
from identity.application.ports.passkeys import WebAuthn
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.sessions.audit import Refusal, passkey_sign_in_failed
from identity.application.sessions.start_session import StartSession
from identity.application.sessions.token_pair import TokenPair
from identity.domain.errors import InvalidCredentials, PasskeyRefused
from identity.domain.passkey import Ceremony, CeremonyKind
from identity.domain.user import User
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class ChallengePasskey:
    uow: UnitOfWork
    webauthn: WebAuthn
    clock: Clock

    async def __call__(self, *, actor: Actor, kind: CeremonyKind) -> Begun:
        """Give a challenge: to anybody at sign-in, naming no credential (it would tell whose exist); else to the caller."""
        at, challenge, ceremony_id = self.clock.now(), self.webauthn.new_challenge(), new_id()
        user_id = None if kind is CeremonyKind.SIGN_IN else actor.user_id
        async with self.uow.begin(actor) as tx:
            known = await tx.factors.passkeys.of(user_id) if user_id else ()
            tx.factors.ceremonies.add(Ceremony.begin(ceremony_id, kind, challenge, user_id=user_id, at=at))
            begun = audit.ceremony_begun(ceremony_id, kind.value, user_id=user_id, at=at)
            if user_id:
                tx.record_bounded(begun, account=user_id)
            else:
                tx.tally(begun)
        return Begun(ceremony_id, self.webauthn.sign_in_options(challenge, [each.credential_id for each in known]))


@dataclass(frozen=True, slots=True)
class SignInWithPasskey:
    uow: UnitOfWork
    answer: AnswerCeremony
    start: StartSession
    clock: Clock

    async def __call__(self, *, actor: Actor, ceremony_id: UUID, credential: Mapping[str, Any], device_id: UUID) -> TokenPair:
        """Raise PasskeyRefused, InvalidCredentials for a user who may not act, or Unavailable."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            answered = await self.answer(tx, ceremony_id, CeremonyKind.SIGN_IN, credential, user_id=None, at=at)
        if answered is None:
            raise PasskeyRefused
        passkey = answered.passkey
        try:
            return await self.start(
                actor=actor,
                user_id=passkey.user_id,
                device_id=device_id,
                methods=passkey.methods,
                passkey_id=passkey.id,
                shown_since=answered.shown_since,
                confirm=_confirm,
            )
        except (InvalidCredentials, PasskeyRefused):
            device = str(device_id)
            async with self.uow.begin(replace(actor, device_id=device)) as tx:
                tx.tally(passkey_sign_in_failed(passkey, device_id=device, reason=Refusal.NOT_ACTIVE, at=at))
            raise


def _confirm(user: User) -> None:
    # All factors may have been removed since: a recovery, say.
    if not user.has_second_factor:
        raise PasskeyRefused
