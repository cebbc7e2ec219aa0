from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from identity.application.factors.check_code import CheckCode
from identity.application.factors.code_attempts import admit, note_failure
from identity.application.factors.required_factors import RequiredFactors
from identity.application.passkeys.answer_ceremony import AnswerCeremony
from identity.application.ports.credentials import Credentials
from identity.application.ports.passwords import PasswordHasher
from identity.application.ports.roles import Roles
from identity.application.ports.sessions import AccessTokens
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.sessions import audit
from identity.application.sessions.end_recovery_requests import end_recovery_requests
from identity.application.sessions.own_session import leave_ended_organization, lock_own_session
from identity.domain.code_failures import of_session
from identity.domain.errors import InvalidCredentials, PasskeyRefused, WrongCode
from identity.domain.passkey import CeremonyKind
from identity.domain.password_policy import normalise
from identity.domain.proof import OTP, PASSWORD
from identity.domain.session import Session
from identity.domain.user import User
from kernel.actor import Actor
from kernel.assurance import StepUpRequired
from kernel.clock import Clock
from kernel.errors import DomainError


@dataclass(frozen=True, slots=True)
class FreshToken:
    access_token: str
    expires_in_seconds: int

    def __repr__(self) -> str:
        return "FreshToken()"


@dataclass(frozen=True, slots=True)
class PasskeyAnswer:
    ceremony_id: UUID
    credential: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepUp:
    """Re-authenticate within the session (RFC 9470): new access tokens carry the new `auth_time`, `amr` and `acr`.

    They claim only what is proven here: password and code together are two factors, and so is a passkey; a code alone is one.
    A password alone is for users who have no second factor. The refresh token does not change: if it were rotated here, a lost
    response would end the session, because the client would return with a used token.
    """

    uow: UnitOfWork
    credentials: Credentials
    passwords: PasswordHasher
    check: CheckCode
    answer: AnswerCeremony
    roles: Roles
    access_tokens: AccessTokens
    clock: Clock
    required: RequiredFactors

    async def __call__(
        self, *, actor: Actor, password: str | None = None, code: str | None = None, passkey: PasskeyAnswer | None = None
    ) -> FreshToken:
        """Accept a passkey, or a code, a password, or both.

        Raise PasskeyRefused, InvalidCredentials, WrongCode, TooManyAttempts, Unavailable, or StepUpRequired for a password alone
        if the user has, or must have, two factors.
        """
        at, rights = self.clock.now(), await self.roles.rights_of(actor.user_id)
        password_matches = (
            None if password is None else await self._password_matches(actor, password, rights.roles, alone=code is None)
        )
        async with self.uow.begin(actor) as tx:
            user, session = await lock_own_session(tx, actor)
            if passkey:
                refusal = await self._prove_by_passkey(tx, session, passkey, at)
            else:
                refusal = await self._prove_by_secrets(tx, session, password_matches, code, at)
            if refusal is None and (passkey or code is not None):
                await end_recovery_requests(tx, user.id, at=at)
            leave_ended_organization(tx, session, rights.organization_ids, at=at)
        # Raise it after the commit, or the failure would not be counted.
        if refusal:
            raise refusal
        return self._issue_token(user, session, rights.roles, at)

    async def _password_matches(self, actor: Actor, password: str, roles: tuple[str, ...], *, alone: bool) -> bool:
        credential = await self.credentials.credential_of(actor.user_id)
        if alone and ((credential and credential.has_second_factor) or self.required.requires_two(actor.user_id, roles)):
            raise StepUpRequired(multi_factor=True, age_seconds_max=None)
        verified = await self.passwords.verify(credential.password_hash if credential else None, normalise(password))
        return verified.matches

    async def _prove_by_secrets(
        self, tx: Transaction, session: Session, password_matches: bool | None, code: str | None, at: datetime
    ) -> DomainError | None:
        counter = of_session(session.id)
        if password_matches is not None:
            await admit(tx, session.user_id, counter=counter, at=at)
        # Check the password first: if it is wrong, the code stays unused.
        if password_matches is False:
            await note_failure(tx, session.user_id, counter=counter, at=at, factor="password")
            return InvalidCredentials()
        if code is not None and not await self.check(tx, session.user_id, code, counter=counter, at=at):
            return WrongCode()
        if code is None:
            # Not together with a code, or a thief with the password could reset the count of wrong codes.
            await tx.factors.failures.forget(session.user_id, counter=counter)
        methods = (*((PASSWORD,) if password_matches else ()), *((OTP,) if code is not None else ()))
        with tx.change_bounded(audit.PROOF, session, "step_up", at=at, user_id=session.user_id):
            session.prove_again(methods, at=at)
        return None

    async def _prove_by_passkey(
        self, tx: Transaction, session: Session, passkey: PasskeyAnswer, at: datetime
    ) -> DomainError | None:
        proof = await self.answer(
            tx, passkey.ceremony_id, CeremonyKind.STEP_UP, passkey.credential, user_id=session.user_id, at=at
        )
        if proof is None:
            return PasskeyRefused()
        with tx.change_bounded(audit.PROOF, session, "step_up", at=at, user_id=session.user_id):
            session.prove_again(proof.passkey.methods, at=proof.proven_since, passkey_id=proof.passkey.id)
        return None

    def _issue_token(self, user: User, session: Session, roles: tuple[str, ...], at: datetime) -> FreshToken:
        token = self.access_tokens.issue(session, roles=roles, factors=user.factors, at=at)
        return FreshToken(token, int(self.access_tokens.life.total_seconds()))
