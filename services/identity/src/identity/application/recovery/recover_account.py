"""A lost second factor: its owner asks, by a right password; another person decides; then the factors are gone."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.factors.complete_sign_in import open_challenge
from identity.application.ports.authority import Authority
from identity.application.ports.factors import OneTimeSecrets
from identity.application.ports.recovery import Approvals, Verdict
from identity.application.ports.sessions import Revocations
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.recovery import facts
from identity.application.sessions.end_sessions import end_all
from identity.domain.errors import RecoveryPending, SignInOver
from identity.domain.message import Template
from identity.domain.recovery_request import TRIGGER_COUNTS_FOR, RecoveryReason, RecoveryRequest, RecoveryStatus
from identity.domain.session import EndReason, Session
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class AskRecovery:
    """Ask by the challenge of a sign-in, which a right password gave; it goes on for nothing else then."""

    uow: UnitOfWork
    secrets: OneTimeSecrets
    clock: Clock

    async def __call__(self, *, actor: Actor, challenge: str, reason: RecoveryReason) -> RecoveryRequest:
        """Raise SignInOver, or RecoveryPending while a request waits."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            waiting = await open_challenge(tx, self.secrets.digest(challenge), clock=self.clock)
            # Its user is locked, so that of two requests at once one is made.
            user = await tx.users.lock(waiting.user_id)
            if user is None or not user.is_active or waiting.enrolment:
                raise SignInOver
            if await tx.recovery_requests.open_of(user.id, at=at):
                raise RecoveryPending
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
            tx.record(facts.recovery_asked(request))
            await tx.messages.send(user.id, Template.RECOVERY_REQUESTED)
        return request


@dataclass(frozen=True, slots=True)
class SecondPerson:
    """The simplest approval: one other person settles it."""

    async def vote(self, request: RecoveryRequest, *, actor: Actor, approve: bool) -> Verdict:  # noqa: ARG002  # the port's
        return Verdict.APPROVED if approve else Verdict.REJECTED


@dataclass(frozen=True, slots=True)
class DecideRecovery:
    """Vote on a request; once approved, all of the user's factors are removed and all sessions ended.

    The route asks for "user:update" and two factors just now; how many votes it takes, `approvals` says. Nobody votes on a person
    with permissions that they lack, or on a request that they triggered.
    """

    uow: UnitOfWork
    authority: Authority
    approvals: Approvals
    revocations: Revocations
    clock: Clock

    async def __call__(self, *, actor: Actor, request_id: UUID, approve: bool, reason: str) -> RecoveryRequest:
        """Raise NotFound, OwnRecovery, BeyondAuthority, Unavailable, or RecoveryDecided when it is settled or has expired."""
        user_id = await self._whose(actor, request_id)
        if user_id != actor.user_id:
            await self.authority.require(actor_id=actor.user_id, subject_id=user_id)
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            # The user first, as everywhere: a new password that is required meanwhile is seen, or comes after.
            await tx.users.lock(user_id)
            request = await tx.recovery_requests.lock(request_id)
            if request is None:
                raise NotFound(request_id=request_id)
            device = await tx.devices.find(actor.user_id, request.device_id) if request.device_id else None
            request.require_other(actor.user_id, has_device=device is not None)
            before = request.status.value
            verdict = await self.approvals.vote(request, actor=actor, approve=approve)
            if verdict is not Verdict.OPEN:
                request.decide(RecoveryStatus(verdict.value), by=actor.user_id, reason=reason, at=at)
                await tx.messages.send(request.user_id, Template.RECOVERY_DECIDED, decision=verdict.value)
            tx.record(facts.recovery_voted(request, before=before, approve=approve, reason=reason, at=at))
            ended = await _clear(tx, request, at) if verdict is Verdict.APPROVED else ()
        for session in ended:
            await self.revocations.try_add(session.id, ended_at=at)
        return request

    async def _whose(self, actor: Actor, request_id: UUID) -> UUID:
        async with self.uow.begin(actor) as tx:
            request = await tx.recovery_requests.lock(request_id)
            if request is None:
                raise NotFound(request_id=request_id)
            return request.user_id


async def _clear(tx: Transaction, request: RecoveryRequest, at: datetime) -> tuple[Session, ...]:
    user = await tx.users.lock(request.user_id)
    if user is None:
        raise NotFound(user_id=request.user_id)
    await tx.factors.forget(user.id)
    user.lose_second_factor()
    ended = await end_all(tx, user.id, EndReason.RECOVERED, at)
    tx.record(facts.factors_cleared(user, request, sessions_ended=len(ended), at=at))
    return tuple(ended)
