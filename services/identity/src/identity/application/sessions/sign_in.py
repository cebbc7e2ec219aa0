from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from identity.application.ports.accounts import Passwords, Verified
from identity.application.ports.sessions import AccessTokens, Attempts, Digests, RefreshTokens, Roles
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.sessions import facts
from identity.application.sessions.queries import CredentialView, SessionQueries, SignInName
from identity.application.sessions.token_pair import TokenPair
from identity.domain.device import Device
from identity.domain.errors import InvalidCredentials
from identity.domain.password_policy import normalise
from identity.domain.session import EndReason, RefreshToken, Session
from identity.domain.user import User
from kernel.actor import Actor, ActorKind
from kernel.clock import Clock
from kernel.ids import new_id

PASSWORD_METHOD = "pwd"  # noqa: S105  # RFC 8176's name for the method


@dataclass(frozen=True, slots=True)
class SignIn:
    """Start a session on a device by e-mail or username and password.

    Whoever cannot sign in learns nothing of why: unknown names, wrong passwords and accounts that may not act are
    answered alike, after the same work.
    """

    uow: UnitOfWork
    queries: SessionQueries
    passwords: Passwords
    roles: Roles
    access_tokens: AccessTokens
    refresh_tokens: RefreshTokens
    attempts: Attempts
    digest: Digests
    clock: Clock
    session_life: timedelta

    async def __call__(self, *, actor: Actor, name: SignInName, password: str, device_id: UUID) -> TokenPair:
        """Raise InvalidCredentials, TooManyAttempts, or Unavailable (hashing at its limit, governance away)."""
        account = self.digest(f"{name.kind}:{name.text}").hex()[:32]
        await self.attempts.admit(account, actor.ip)
        credential = await self.queries.credential(name)
        verified = await self.passwords.verify(credential.password_hash if credential else None, normalise(password))
        if credential is None or not verified.matches or not credential.is_active:
            await self._refuse(actor, account, credential, device_id)
            raise InvalidCredentials
        roles = await self.roles.of(credential.user_id)
        pair = await self._start(actor, credential, verified, roles, device_id)
        await self.attempts.forget(account, actor.ip)
        return pair

    async def _refuse(self, actor: Actor, account: str, credential: CredentialView | None, device_id: UUID) -> None:
        user_id = str(credential.user_id) if credential else None
        async with self.uow.begin(actor) as tx:
            tx.record(facts.sign_in_failed(account, user_id=user_id, device_id=str(device_id), at=self.clock.now()))

    async def _start(
        self, actor: Actor, credential: CredentialView, verified: Verified, roles: tuple[str, ...], device_id: UUID
    ) -> TokenPair:
        at = self.clock.now()
        token = self.refresh_tokens.issue(session_id=new_id(), user_id=credential.user_id, generation=1)
        signed_in = _signed_in(actor, token, roles, device_id, at)
        async with self.uow.begin(signed_in) as tx:
            user = await tx.users.lock(credential.user_id)
            # Both may have changed since they were read without a lock.
            if user is None or not user.is_active or user.password_changed_at != credential.password_changed_at:
                raise InvalidCredentials
            session = await self._open(tx, user, token, verified, device_id, at)
        access_token = self.access_tokens.issue(session, roles=roles, at=at)
        return TokenPair(access_token, token.text, int(self.access_tokens.life.total_seconds()))

    async def _open(
        self, tx: Transaction, user: User, token: RefreshToken, verified: Verified, device_id: UUID, at: datetime
    ) -> Session:
        replaced = await self._replace(tx, user.id, device_id, at)
        session = Session.start(token, device_id=device_id, methods=(PASSWORD_METHOD,), at=at, life=self.session_life)
        await tx.sessions.add(session)
        device = await tx.devices.find(user.id, device_id)
        if device:
            device.see(at=at)
        else:
            tx.devices.add(Device.meet(user.id, device_id, at=at))
        user.note_sign_in(at=at)
        if verified.stronger_hash:
            user.strengthen_hash(verified.stronger_hash)
        tx.record(
            facts.signed_in(session, replaced=replaced, new_device=device is None, rehashed=verified.stronger_hash is not None)
        )
        return session

    async def _replace(self, tx: Transaction, user_id: UUID, device_id: UUID, at: datetime) -> Session | None:
        """End the session that the device has; one device, one session."""
        session = await tx.sessions.lock_live(user_id, device_id)
        if session:
            before = facts.session_state(session)
            session.end(EndReason.REPLACED, at=at, access_token_life=self.access_tokens.life)
            tx.record(facts.session_ended(session, before=before, at=at))
        return session


def _signed_in(actor: Actor, token: RefreshToken, roles: tuple[str, ...], device_id: UUID, at: datetime) -> Actor:
    return replace(
        actor,
        kind=ActorKind.USER,
        subject_id=str(token.user_id),
        roles=frozenset(roles),
        session_id=token.session_id,
        device_id=str(device_id),
        authenticated_at=at,
        methods=(PASSWORD_METHOD,),
    )
