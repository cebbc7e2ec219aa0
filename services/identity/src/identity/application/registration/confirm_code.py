from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from identity.application.ports.one_time_codes import Pending
from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.registration import audit
from identity.application.registration.one_time_codes import Codes
from identity.application.registration.pending_change import waits_still
from identity.application.registration.take_over_email import TakeOverEmail
from identity.application.registration.verification import Confirmed
from identity.application.sessions.end_sessions import revoke_all
from identity.application.users.enrolment import enrol
from identity.domain.errors import InvalidCode
from identity.domain.message import Template
from identity.domain.one_time_code import OneTimeCode, Purpose
from identity.domain.profile import Profile
from identity.domain.user import InitialRole, User
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ConfirmCode:
    """Take a one-time code: it makes the account that was registered, or confirms a new e-mail address or number.

    `purposes` are those of the channel. Whatever is wrong is answered alike, and counted before it is answered.
    """

    uow: UnitOfWork
    codes: Codes
    clock: Clock
    purposes: frozenset[Purpose]
    take_over_email: TakeOverEmail
    revocations: Revocations

    async def __call__(self, *, actor: Actor, verification_id: UUID, code: str) -> Confirmed:
        """Raise InvalidCode; AccountExists when somebody else confirmed the same details first."""
        at = self.clock.now()
        confirmed = None
        async with self.uow.begin(actor) as tx:
            found = await tx.one_time_codes.lock(verification_id)
            if found and found[0].purpose in self.purposes:
                one_time, pending = found
                if one_time.accept(self.codes.of(one_time.id, code), at=at):
                    effect = self.take_over_email if one_time.purpose is Purpose.EMAIL else _EFFECTS[one_time.purpose]
                    confirmed = await effect(tx, one_time, pending, at)
                    await tx.one_time_codes.settle(one_time)
                if confirmed:
                    tx.record(audit.code_accepted(one_time, at=at))
                else:
                    tx.tally(audit.code_refused(one_time, at=at))
        if confirmed is None:
            raise InvalidCode
        await revoke_all(self.revocations, confirmed.ended, at=at)
        return confirmed


@dataclass(frozen=True, slots=True)
class ResendCode:
    """Send another code in place of the last; nothing tells whether one was sent."""

    uow: UnitOfWork
    codes: Codes
    clock: Clock
    purposes: frozenset[Purpose]

    async def __call__(self, *, actor: Actor, verification_id: UUID) -> None:
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            found = await tx.one_time_codes.lock(verification_id)
            if not found or found[0].purpose not in self.purposes or not await waits_still(tx, *found, at=at):
                return
            if await self.codes.renew(tx, *found, at=at):
                tx.tally(audit.code_renewed(found[0], at=at))


async def _register(tx: Transaction, code: OneTimeCode, pending: Pending, at: datetime) -> Confirmed:
    enrolled = await enrol(
        tx,
        _profile(pending),
        username=pending["username"],
        password_hash=pending["password_hash"] or "",
        initial_role=InitialRole.USER,
        agreed_terms=True,
        at=at,
        user_id=code.user_id,
        email_verified=True,
    )
    return Confirmed(enrolled.user_id, enrolled.wallet_address)


async def _change_phone(tx: Transaction, code: OneTimeCode, pending: Pending, at: datetime) -> Confirmed | None:
    number = pending["phone"] or ""
    # All in id order, or two users who prove each other's numbers deadlock.
    users = {id_: await tx.users.lock(id_) for id_ in sorted({code.user_id, *await tx.profiles.all_with_phone(number)})}
    user = users.pop(code.user_id)
    if user is None or not user.is_active:
        raise NotFound(user_id=code.user_id)
    if not await waits_still(tx, code, pending, at=at):
        return None
    for other in users.values():
        if other and other.phone_verified_at is None:
            await _remove_phone(tx, other, number, code, at)
    profile = await tx.profiles.of(user.id)
    if profile.phone != number:
        await tx.profiles.replace(user.id, profile.with_phone(number))
        await tx.messages.send(user.id, Template.PHONE_CHANGED)
    user.verify_phone(at=at)
    # Now, while it can be answered: of two who prove one number at once, the second is refused by the database.
    await tx.users.flush()
    return Confirmed(user.id)


async def _remove_phone(tx: Transaction, user: User, number: str, code: OneTimeCode, at: datetime) -> None:
    """Remove a number that a user never verified: another user has just received a code at it (ADR 0016)."""
    profile, before = await tx.profiles.of(user.id), user.version
    # Read again under the lock: they may have another by now.
    if profile.phone != number:
        return
    await tx.profiles.replace(user.id, profile.with_phone(None))
    user.lose_phone()
    tx.record(audit.phone_removed(user, code, before={"version": before}, at=at))
    if user.is_active:
        await tx.messages.send(user.id, Template.PHONE_REMOVED)


def _profile(pending: Pending) -> Profile:
    return Profile.of(
        full_name=pending["full_name"] or "",
        email=pending["email"] or "",
        phone=pending["phone"],
        organization=pending["organization"],
    )


_EFFECTS: Final[Mapping[Purpose, Callable[[Transaction, OneTimeCode, Pending, datetime], Awaitable[Confirmed | None]]]] = {
    Purpose.REGISTRATION: _register,
    Purpose.PHONE: _change_phone,
}
