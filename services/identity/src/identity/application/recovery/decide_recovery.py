"""Recovery from a lost second factor: a right password, the code from the mail, and another person's decision."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.factors.outdated_tokens import outdate_tokens
from identity.application.ports.authority import Authority
from identity.application.ports.recovery import Approvals, Verdict
from identity.application.ports.revocations import Revocations
from identity.application.ports.session_rules import UserSessionsEnder
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.recovery import audit
from identity.domain.errors import RecoveryDecided
from identity.domain.message import Template
from identity.domain.recovery_request import (
    RecoveryRequest,
    RecoveryStatus,
)
from identity.domain.session import EndReason
from identity.domain.user import User
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class DecideRecovery:
    """Vote on a confirmed request. Approval removes all of the user's factors and ends all sessions.

    The route requires "user:update" and two factors just now. `approvals` decides how many votes are needed. Nobody can vote on a
    user who has permissions that they lack, or on a request that they triggered.
    """

    uow: UnitOfWork
    authority: Authority
    approvals: Approvals
    end_sessions: UserSessionsEnder
    revocations: Revocations
    clock: Clock

    async def __call__(self, *, actor: Actor, request_id: UUID, approve: bool, reason: str) -> RecoveryRequest:
        """Raise NotFound, OwnRecovery, BeyondAuthority, Unavailable, RecoveryUnconfirmed, or RecoveryDecided.

        RecoveryDecided is for a request that is decided or has ended, and for approval if the account is not active.
        """
        user_id = await self._owner_of(actor, request_id)
        if user_id != actor.user_id:
            await self.authority.require(actor_id=actor.user_id, subject_id=user_id)
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            # Lock the user first, as everywhere: a concurrent requirement of a new password is then visible, or comes after.
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
            tx.record(audit.recovery_voted(request, before=before, approve=approve, reason=reason, at=at))
            if verdict is Verdict.APPROVED:
                await self._remove_factors(tx, user, request, at)
        return request

    async def _owner_of(self, actor: Actor, request_id: UUID) -> UUID:
        async with self.uow.begin(actor) as tx:
            request = await tx.recovery_requests.lock(request_id)
            if request is None:
                raise NotFound(request_id=request_id)
            return request.user_id

    async def _remove_factors(self, tx: Transaction, user: User, request: RecoveryRequest, at: datetime) -> None:
        await tx.factors.forget(user.id)
        user.lose_factor(last=True, at=at)
        ended = await self.end_sessions(tx, user.id, EndReason.RECOVERED, at=at)
        tx.record(audit.factors_cleared(user, request, sessions_ended=ended, at=at))
        outdate_tokens(tx, self.revocations, user, at=at)
