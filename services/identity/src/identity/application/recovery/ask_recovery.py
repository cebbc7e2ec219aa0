"""Recovery from a lost second factor: a right password, the code from the mail, and another person's decision."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from uuid import UUID

from identity.application.factors.sign_in_challenges import open_challenge
from identity.application.ports.one_time_secrets import OneTimeSecrets
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.recovery import audit
from identity.application.registration.audit import code_requested
from identity.application.registration.one_time_codes import CodeIssuer
from identity.application.registration.pending_change import RECOVERY_REQUEST
from identity.domain.errors import RecoveryPending, SignInOver, TooManyAttempts
from identity.domain.one_time_code import OneTimeCode, Purpose
from identity.domain.recovery_request import (
    TRIGGER_COUNTS_FOR,
    UNCONFIRMED_PER_HOUR_MAX,
    RecoveryReason,
    RecoveryRequest,
)
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.user import User
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.ids import new_id

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PendingRecovery:
    """`code` was sent to the account's mailbox. With its id it confirms the request, which nobody can decide on before."""

    request: RecoveryRequest
    code: OneTimeCode


@dataclass(frozen=True, slots=True)
class AskRecovery:
    """Request recovery with the challenge of a sign-in with a right password. The challenge then has no other use.

    The password may be a thief's, and the thief one of those who decide. So a code sent to the account's mailbox must confirm the
    request. Unconfirmed requests are separate, each with its own code, so a thief's request cannot block the owner's.
    """

    uow: UnitOfWork
    secrets: OneTimeSecrets
    codes: CodeIssuer
    clock: Clock

    async def __call__(self, *, actor: Actor, challenge: str, reason: RecoveryReason) -> PendingRecovery:
        """Raise SignInOver, RecoveryPending while a confirmed request waits, or TooManyAttempts for too many within the hour.

        Raise SignInOver also for a challenge whose password was replaced since.
        """
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            waiting = await open_challenge(tx, self.secrets.digest(challenge), clock=self.clock)
            # Lock the user, so that two concurrent requests create one.
            user = await tx.users.lock(waiting.user_id)
            if user is None or not user.is_active or not _may_ask(user, waiting):
                raise SignInOver
            await _require_room(tx, user.id, at=at)
            request = RecoveryRequest.ask(
                new_id(),
                user.id,
                reason,
                at=at,
                triggered_by=await tx.password_resets.required_by(user.id, since=at - TRIGGER_COUNTS_FOR),
                device_id=waiting.device_id,
            )
            waiting.finish(at=at)
            tx.recovery_requests.add(request)
            profile = await tx.profiles.of(user.id)
            pending = {"email": profile.email, RECOVERY_REQUEST: str(request.id)}
            code = await self.codes.issue(tx, Purpose.RECOVERY, user_id=user.id, pending=pending, at=at)
            tx.create(audit.RECOVERY_REQUEST, request, "ask", at=at, reason=reason.value)
            tx.record_bounded(code_requested(code), user_id=user.id)
        return PendingRecovery(request, code)


def _may_ask(user: User, waiting: SignInChallenge) -> bool:
    # A new password invalidates challenges that were issued for the previous one.
    is_current = user.password_changed_at == waiting.password_changed_at
    return is_current and user.has_second_factor and not waiting.enrolment


async def _require_room(tx: Transaction, user_id: UUID, *, at: datetime) -> None:
    if await tx.recovery_requests.waiting_of(user_id, at=at):
        raise RecoveryPending
    asked = await tx.recovery_requests.unconfirmed_since(user_id, at - _HOUR, at=at)
    if len(asked) >= UNCONFIRMED_PER_HOUR_MAX:
        raise TooManyAttempts(retry_after_seconds=ceil((asked[-1] + _HOUR - at).total_seconds()))
