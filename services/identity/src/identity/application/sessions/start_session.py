from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from identity.application.ports.devices import DeviceTokens
from identity.application.ports.roles import Roles
from identity.application.ports.session_rules import TokenPair
from identity.application.ports.sessions import AccessTokens, RefreshTokens
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.sessions import audit
from identity.application.sessions.end_recovery_requests import end_recovery_requests
from identity.domain.device import Device
from identity.domain.errors import InvalidCredentials
from identity.domain.message import Template
from identity.domain.origin import Origin
from identity.domain.proof import OTP, Proof
from identity.domain.refresh_token import RefreshToken
from identity.domain.session import LIVE_MAX, EndReason, Session
from identity.domain.user import User
from kernel.actor import Actor, ActorKind
from kernel.clock import Clock
from kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class StartSession:
    """Start a session for an authenticated user. Ends the device's previous session, if any.

    `methods` are the RFC 8176 names of the user's proofs, `passkey_id` is the passkey among them. `proven_since` is the earliest
    time of a proof, if that is before now; the session's proof gets that time (ADR 0025). `known_device`: the device has proven
    that it is known to the account. `confirm` is called with the locked user: it raises an error if the credentials have changed
    since they were checked, and may change the user.
    """

    uow: UnitOfWork
    roles: Roles
    access_tokens: AccessTokens
    refresh_tokens: RefreshTokens
    clock: Clock
    session_life: timedelta
    device_tokens: DeviceTokens

    async def __call__(
        self,
        *,
        actor: Actor,
        user_id: UUID,
        device_id: UUID,
        methods: tuple[str, ...],
        confirm: Callable[[User], None],
        passkey_id: UUID | None = None,
        proven_since: datetime | None = None,
        known_device: bool = False,
    ) -> TokenPair:
        """Raise InvalidCredentials for an inactive user, or Unavailable if governance is unavailable."""
        roles = await self.roles.of(user_id)
        at = self.clock.now()
        proof = Proof.of(methods, at=proven_since or at, passkey_id=passkey_id)
        token = self.refresh_tokens.issue(session_id=new_id(), user_id=user_id, generation=1)
        async with self.uow.begin(_as_user(actor, token, roles, device_id, proof)) as tx:
            user = await tx.users.lock(user_id)
            if user is None or not user.is_active:
                raise InvalidCredentials
            confirm(user)
            if OTP in methods or passkey_id:
                await end_recovery_requests(tx, user.id, at=at)
            device, is_new = await self._register_device(tx, user, device_id, actor.ip, at)
            session = Session.start(
                token,
                device_id=device_id,
                proof=proof,
                life=self.session_life,
                at=at,
                started_from=await tx.sessions.seal_origin(user.id, token.session_id, Origin.of(actor.ip, actor.user_agent)),
                known_device=known_device,
            )
            await self._add(tx, user, session, new_device=is_new)
        access_token = self.access_tokens.issue(session, roles=roles, factors=user.factors, at=at)
        expires_in = int(self.access_tokens.life.total_seconds())
        return TokenPair(access_token, token.text, expires_in, self.device_tokens.issue(device))

    async def _add(self, tx: Transaction, user: User, session: Session, *, new_device: bool) -> None:
        replaced = await self._end_replaced(tx, user.id, session.device_id, session.started_at)
        await tx.sessions.add(session)
        user.note_sign_in(at=session.started_at)
        tx.record_bounded(audit.signed_in(session, replaced=replaced, new_device=new_device), user_id=user.id)

    async def _register_device(self, tx: Transaction, user: User, device_id: UUID, ip: str, at: datetime) -> tuple[Device, bool]:
        """Return the device and whether it is new. The user is notified of a new one, except of the account's first."""
        device = await tx.devices.find(user.id, device_id)
        if device:
            is_new = device.record_sign_in(at=at)
        else:
            is_new, device = True, Device.register(user.id, device_id, at=at)
            tx.devices.add(device)
        if is_new and user.last_sign_in_at:
            await tx.messages.send(user.id, Template.NEW_DEVICE, time=f"{at:%Y-%m-%d %H:%M} UTC", address=ip or "unknown")
        return device, is_new

    async def _end_replaced(self, tx: Transaction, user_id: UUID, device_id: UUID, at: datetime) -> Session | None:
        """End the device's previous session, and the longest unused ones if there are too many."""
        live = await tx.sessions.lock_all_live(user_id)
        replaced = next((session for session in live if session.device_id == device_id), None)
        others = sorted((session for session in live if session is not replaced), key=lambda session: session.last_active_at)
        ending = [(session, EndReason.TOO_MANY) for session in others[: max(0, len(others) - LIVE_MAX + 1)]]
        for session, reason in [*([(replaced, EndReason.REPLACED)] if replaced else []), *ending]:
            with tx.change_bounded(audit.SESSION, session, "end", at=at, reason=reason.value, user_id=user_id):
                session.end(reason, at=at, access_token_life=self.access_tokens.life)
        return replaced


def _as_user(actor: Actor, token: RefreshToken, roles: tuple[str, ...], device_id: UUID, proof: Proof) -> Actor:
    return replace(
        actor,
        kind=ActorKind.USER,
        subject_id=str(token.user_id),
        roles=frozenset(roles),
        session_id=token.session_id,
        device_id=str(device_id),
        authenticated_at=proof.at,
        methods=proof.methods,
    )
