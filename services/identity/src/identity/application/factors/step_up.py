from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from identity.application.factors import facts
from identity.application.factors.answer_ceremony import AnswerCeremony
from identity.application.factors.second_factor import CODE_METHODS, CodeCheck, admit, note_failure
from identity.application.ports.accounts import Passwords
from identity.application.ports.sessions import AccessTokens, Roles
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.sessions.queries import SessionQueries
from identity.domain.errors import InvalidCredentials, InvalidRefreshToken, PasskeyRefused, WrongCode
from identity.domain.passkey import CeremonyKind
from identity.domain.password_policy import normalise
from identity.domain.session import Session
from kernel.actor import Actor
from kernel.assurance import MULTI_FACTOR, StepUpRequired
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class FreshToken:
    access_token: str
    expires_in_seconds: int

    def __repr__(self) -> str:
        return "FreshToken()"


@dataclass(frozen=True, slots=True)
class StepUp:
    """Prove anew, in the running session, who one is: tokens from now on say so (`auth_time`, `amr`).

    Who has a second factor shows it; a password alone is for who has none. The refresh token stays as it is: rotated
    here, an answer that is lost would cost the session, for the client would come back with a spent one.
    """

    uow: UnitOfWork
    queries: SessionQueries
    passwords: Passwords
    check: CodeCheck
    answer: AnswerCeremony
    roles: Roles
    access_tokens: AccessTokens
    clock: Clock
    required_roles: frozenset[str] = frozenset()

    async def by_code(self, *, actor: Actor, code: str) -> FreshToken:
        """Raise WrongCode, TooManyAttempts, or Unavailable."""
        at, roles = self.clock.now(), await self.roles.of(actor.user_id)
        async with self.uow.begin(actor) as tx:
            session = await _lock_session(tx, actor)
            shown = await self.check(tx, actor.user_id, code, at=at)
            if shown:
                _prove(tx, session, CODE_METHODS, at)
        if not shown:
            raise WrongCode
        return self._token(session, roles, at)

    async def by_password(self, *, actor: Actor, password: str) -> FreshToken:
        """Raise InvalidCredentials, TooManyAttempts, Unavailable, or StepUpRequired for who has, or must have, two factors."""
        at, roles = self.clock.now(), await self.roles.of(actor.user_id)
        credential = await self.queries.credential_of(actor.user_id)
        if (credential and credential.has_second_factor) or not self.required_roles.isdisjoint(roles):
            raise StepUpRequired(multi_factor=True, age_seconds_max=None)
        verified = await self.passwords.verify(credential.password_hash if credential else None, normalise(password))
        async with self.uow.begin(actor) as tx:
            session = await _lock_session(tx, actor)
            await admit(tx, actor.user_id, at=at)
            if verified.matches:
                _prove(tx, session, ("pwd",), at)
            else:
                await note_failure(tx, actor.user_id, at=at, factor="password")
        if not verified.matches:
            raise InvalidCredentials
        return self._token(session, roles, at)

    async def by_passkey(self, *, actor: Actor, ceremony_id: UUID, credential: Mapping[str, Any]) -> FreshToken:
        """Raise PasskeyRefused, or Unavailable."""
        at, roles = self.clock.now(), await self.roles.of(actor.user_id)
        async with self.uow.begin(actor) as tx:
            session = await _lock_session(tx, actor)
            passkey = await self.answer(tx, ceremony_id, CeremonyKind.STEP_UP, credential, user_id=actor.user_id, at=at)
            if passkey:
                _prove(tx, session, (*passkey.methods, MULTI_FACTOR), at)
        if passkey is None:
            raise PasskeyRefused
        return self._token(session, roles, at)

    def _token(self, session: Session, roles: tuple[str, ...], at: datetime) -> FreshToken:
        token = self.access_tokens.issue(session, roles=roles, at=at)
        return FreshToken(token, int(self.access_tokens.life.total_seconds()))


async def _lock_session(tx: Transaction, actor: Actor) -> Session:
    # The user first, as everywhere; and so that tries at once are counted one after another.
    user = await tx.users.lock(actor.user_id)
    session = await tx.sessions.lock(actor.session_id) if actor.session_id else None
    if user is None or not user.is_active or session is None or session.user_id != user.id or not session.is_live:
        raise InvalidRefreshToken(session_id=actor.session_id)
    return session


def _prove(tx: Transaction, session: Session, methods: tuple[str, ...], at: datetime) -> None:
    before = session.methods
    session.prove_again(methods, at=at)
    tx.record(facts.stepped_up(session, before=before, at=at))
