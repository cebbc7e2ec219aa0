"""A lost second factor: its owner asks by a right password and confirms by mail; another person decides; the factors are gone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from uuid import UUID

from identity.application.accounts.asked_change import RECOVERY_REQUEST
from identity.application.accounts.codes import Codes
from identity.application.accounts.facts import code_requested
from identity.application.factors.complete_sign_in import open_challenge
from identity.application.factors.second_factor import take_effect
from identity.application.ports.authority import Authority
from identity.application.ports.one_time_secrets import OneTimeSecrets
from identity.application.ports.recovery import Approvals, Verdict
from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.recovery import facts
from identity.application.sessions.end_sessions import end_all
from identity.domain.errors import RecoveryDecided, RecoveryPending, SignInOver, TooManyAttempts
from identity.domain.message import Template
from identity.domain.one_time_code import OneTimeCode, Purpose
from identity.domain.recovery_request import (
    TRIGGER_COUNTS_FOR,
    UNCONFIRMED_PER_HOUR_MAX,
    RecoveryReason,
    RecoveryRequest,
    RecoveryStatus,
)
from identity.domain.session import EndReason, Session
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.user import User
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.ids import new_id

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AskedRecovery:
    """`code` was sent to the account's mailbox: with its id it confirms the request, before which nobody decides."""

    request: RecoveryRequest
    code: OneTimeCode


@dataclass(frozen=True, slots=True)
class AskRecovery:
    """Ask by the challenge of a sign-in, which a right password gave; it goes on for nothing else then.

    The password may be a thief's, and the thief one of those who decide. So a request is confirmed by a code that is sent to the
    account's mailbox. Requests that wait for their codes are apart, each with its own: a thief's keeps the owner from none.
    """

    uow: UnitOfWork
    secrets: OneTimeSecrets
    codes: Codes
    clock: Clock

    async def __call__(self, *, actor: Actor, challenge: str, reason: RecoveryReason) -> AskedRecovery:
        """Raise SignInOver, RecoveryPending while a confirmed request waits, or TooManyAttempts for too many within the hour.

        SignInOver is also for a challenge whose password was replaced since.
        """
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            waiting = await open_challenge(tx, self.secrets.digest(challenge), clock=self.clock)
            # Its user is locked, so that of two requests at once one is made.
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
            tx.record(facts.recovery_asked(request))
            tx.record_bounded(code_requested(code), account=user.id)
        return AskedRecovery(request, code)


def _may_ask(user: User, waiting: SignInChallenge) -> bool:
    # A new password ends what the former one asked for; so a challenge that the former one gave asks for nothing.
    is_current = user.password_changed_at == waiting.password_changed_at
    return is_current and user.has_second_factor and not waiting.enrolment


async def _require_room(tx: Transaction, user_id: UUID, *, at: datetime) -> None:
    if await tx.recovery_requests.waiting_of(user_id, at=at):
        raise RecoveryPending
    asked = await tx.recovery_requests.unconfirmed_since(user_id, at - _HOUR, at=at)
    if len(asked) >= UNCONFIRMED_PER_HOUR_MAX:
        raise TooManyAttempts(retry_after_seconds=ceil((asked[-1] + _HOUR - at).total_seconds()))


@dataclass(frozen=True, slots=True)
class SecondPerson:
    """The simplest approval: one other person settles it."""

    async def vote(self, request: RecoveryRequest, *, actor: Actor, approve: bool) -> Verdict:  # noqa: ARG002  # the port's
        return Verdict.APPROVED if approve else Verdict.REJECTED


@dataclass(frozen=True, slots=True)
class DecideRecovery:
    """Vote on a confirmed request; once approved, all of the user's factors are removed and all sessions ended.

    The route asks for "user:update" and two factors just now; how many votes it takes, `approvals` says. Nobody votes on a person
    with permissions that they lack, or on a request that they triggered.
    """

    uow: UnitOfWork
    authority: Authority
    approvals: Approvals
    revocations: Revocations
    clock: Clock

    async def __call__(self, *, actor: Actor, request_id: UUID, approve: bool, reason: str) -> RecoveryRequest:
        """Raise NotFound, OwnRecovery, BeyondAuthority, Unavailable, RecoveryUnconfirmed, or RecoveryDecided.

        RecoveryDecided is for a request that is settled or has ended, and for approving one of an account that is not active.
        """
        user_id = await self._whose(actor, request_id)
        if user_id != actor.user_id:
            await self.authority.require(actor_id=actor.user_id, subject_id=user_id)
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            # The user first, as everywhere: a new password that is required meanwhile is seen, or comes after.
            user = await tx.users.lock(user_id)
            request = await tx.recovery_requests.lock(request_id)
            if user is None or request is None:
                raise NotFound(request_id=request_id)
            device = await tx.devices.find(actor.user_id, request.device_id) if request.device_id else None
            request.require_other(actor.user_id, has_device=device is not None)
            request.require_confirmed(at=at)
            if approve and not user.is_active:
                raise RecoveryDecided(request_id=request_id)
            before = request.status.value
            verdict = await self.approvals.vote(request, actor=actor, approve=approve)
            if verdict is not Verdict.OPEN:
                request.decide(RecoveryStatus(verdict.value), by=actor.user_id, reason=reason, at=at)
                await tx.messages.send(request.user_id, Template.RECOVERY_DECIDED, decision=verdict.value)
            tx.record(facts.recovery_voted(request, before=before, approve=approve, reason=reason, at=at))
            ended = await _clear(tx, user, request, at) if verdict is Verdict.APPROVED else ()
        if verdict is Verdict.APPROVED:
            await take_effect(self.revocations, user, ended, at=at)
        return request

    async def _whose(self, actor: Actor, request_id: UUID) -> UUID:
        async with self.uow.begin(actor) as tx:
            request = await tx.recovery_requests.lock(request_id)
            if request is None:
                raise NotFound(request_id=request_id)
            return request.user_id


async def _clear(tx: Transaction, user: User, request: RecoveryRequest, at: datetime) -> tuple[Session, ...]:
    await tx.factors.forget(user.id)
    user.lose_factor(last=True, at=at)
    ended = await end_all(tx, user.id, EndReason.RECOVERED, at)
    tx.record(facts.factors_cleared(user, request, sessions_ended=len(ended), at=at))
    return tuple(ended)
