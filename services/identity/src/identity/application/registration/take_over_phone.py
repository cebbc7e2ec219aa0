"""Changing the telephone number to one at which a code was received."""

from datetime import datetime

from identity.application.ports.one_time_codes import Pending
from identity.application.ports.unit_of_work import Transaction
from identity.application.registration import audit
from identity.application.registration.pending_change import is_still_pending
from identity.application.registration.verification import VerificationResult
from identity.domain.message import Template
from identity.domain.one_time_code import OneTimeCode
from identity.domain.user import User
from kernel.errors import NotFound


async def take_over_phone(tx: Transaction, code: OneTimeCode, pending: Pending, at: datetime) -> VerificationResult | None:
    number = pending["phone"] or ""
    # Lock all users in id order, or two users who verify each other's numbers deadlock.
    users = {id_: await tx.users.lock(id_) for id_ in sorted({code.user_id, *await tx.profiles.all_with_phone(number)})}
    user = users.pop(code.user_id)
    if user is None or not user.is_active:
        raise NotFound(user_id=code.user_id)
    if not await is_still_pending(tx, code, pending, at=at):
        return None
    for other in users.values():
        if other and other.phone_verified_at is None:
            await _remove_phone(tx, other, number, code, at)
    profile = await tx.profiles.of(user.id)
    if profile.phone != number:
        await tx.profiles.replace(user.id, profile.with_phone(number))
        await tx.messages.send(user.id, Template.PHONE_CHANGED)
    user.verify_phone(at=at)
    # Flush now, while an error can be returned: of two concurrent verifications of a number, the database refuses the second.
    await tx.users.flush()
    return VerificationResult(user.id)


async def _remove_phone(tx: Transaction, user: User, number: str, code: OneTimeCode, at: datetime) -> None:
    """Remove a number that a user never verified: another user has just received a code at it (ADR 0016)."""
    profile, before = await tx.profiles.of(user.id), user.version
    # Read again under the lock, because the number may have changed.
    if profile.phone != number:
        return
    await tx.profiles.replace(user.id, profile.with_phone(None))
    user.lose_phone()
    tx.record(audit.phone_removed(user, code, before={"version": before}, at=at))
    if user.is_active:
        await tx.messages.send(user.id, Template.PHONE_REMOVED)
