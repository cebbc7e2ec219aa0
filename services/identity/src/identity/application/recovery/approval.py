"""What is approved of a recovery request, and how a decision on it is carried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from identity.application.factors.outdated_tokens import outdate_tokens
from identity.application.ports.authority import Authority
from identity.application.ports.recovery import DeciderRights
from identity.application.ports.revocations import Revocations
from identity.application.ports.session_rules import UserSessionsEnder
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.recovery import audit
from identity.domain.errors import RecoveryDecided
from identity.domain.message import Template
from identity.domain.recovery_request import APPROVAL_KIND, RecoveryRequest, RecoveryStatus
from identity.domain.session import EndReason
from identity.domain.user import User
from kernel.actor import Actor, ActorKind
from kernel.approval_ports import Vote
from kernel.approvals import ApprovalAsked, ApprovalDecision, DeciderVote, Outcome
from kernel.canonical_json import instant_text
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class LockedRecovery:
    request: RecoveryRequest
    user: User


def asked_of(request: RecoveryRequest, *, asked_by: Actor, at: datetime) -> ApprovalAsked:
    """Return what is asked for a confirmed request."""
    return ApprovalAsked(
        id=new_id(),
        kind=APPROVAL_KIND,
        resource_id=request.id,
        content=content_of(request),
        asked_by=f"{asked_by.kind}:{asked_by.subject_id}",
        asked_at=at,
        expires_at=request.expires_at,
        on_behalf_of=request.user_id,
        reason=request.reason.value,
    )


def content_of(request: RecoveryRequest) -> Mapping[str, object]:
    return {
        "user_id": str(request.user_id),
        "reason": request.reason.value,
        "requested_at": instant_text(request.requested_at),
        "confirmed_at": instant_text(request.confirmed_at) if request.confirmed_at else None,
    }


@dataclass(frozen=True, slots=True)
class ApprovableRecovery:
    """Remove a user's factors, or refuse to, as it was decided."""

    KIND: ClassVar[str] = APPROVAL_KIND

    uow: UnitOfWork
    authority: Authority
    end_sessions: UserSessionsEnder
    revocations: Revocations
    clock: Clock

    async def prepare(self, *, actor: Actor, resource_id: UUID, outcome: Outcome) -> None:  # noqa: ARG002  # for all
        """Raise NotFound, and BeyondAuthority or Unavailable for a person without authority over the user."""
        user_id = await owner_of(self.uow, actor, resource_id)
        if actor.kind is ActorKind.USER and user_id != actor.user_id:
            await self.authority.require(actor_id=actor.user_id, subject_id=user_id)

    async def lock(self, tx: Transaction, resource_id: UUID) -> LockedRecovery:
        """Raise NotFound."""
        user_id = await tx.recovery_requests.owner_of(resource_id)
        # Lock the user first, as everywhere: a concurrent requirement of a new password is then visible, or comes after.
        user = await tx.users.lock(user_id) if user_id else None
        request = await tx.recovery_requests.lock(resource_id)
        if user is None or request is None:
            raise NotFound(request_id=resource_id)
        return LockedRecovery(request, user)

    def content(self, thing: LockedRecovery) -> Mapping[str, object]:
        return content_of(thing.request)

    def asked(self, thing: LockedRecovery, *, at: datetime) -> ApprovalAsked:
        return asked_of(thing.request, asked_by=Actor.service("identity"), at=at)

    async def rehearse(self, tx: Transaction, thing: LockedRecovery, vote: Vote) -> None:
        """Raise OwnRecovery, RecoveryUnconfirmed or RecoveryDecided."""
        await self._require_decidable(tx, thing, by=vote.actor.user_id, outcome=vote.outcome, at=vote.at)

    def closed(self, thing: LockedRecovery) -> RecoveryDecided:
        return RecoveryDecided(request_id=thing.request.id)

    async def execute(self, tx: Transaction, thing: LockedRecovery, decision: ApprovalDecision, *, at: datetime) -> None:
        request, user, by = thing.request, thing.user, decision.votes[-1].by
        await self._require_decidable(tx, thing, by=by, outcome=decision.outcome, at=at)
        before, is_approved = request.status.value, decision.outcome is Outcome.APPROVED
        request.decide(RecoveryStatus(decision.outcome.value), by=by, reason=decision.reason, at=decision.decided_at)
        await tx.messages.send(request.user_id, Template.RECOVERY_DECIDED, decision=decision.outcome.value)
        tx.record(audit.recovery_voted(request, before=before, approve=is_approved, reason=decision.reason, at=at))
        if is_approved:
            await tx.factors.forget(user.id)
            user.lose_factor(last=True, at=at)
            ended = await self.end_sessions(tx, user.id, EndReason.RECOVERED, at=at)
            tx.record(audit.factors_cleared(user, request, sessions_ended=ended, at=at))
            outdate_tokens(tx, self.revocations, user, at=at)

    async def _require_decidable(
        self, tx: Transaction, thing: LockedRecovery, *, by: UUID, outcome: Outcome, at: datetime
    ) -> None:
        request = thing.request
        device = await tx.devices.find(by, request.device_id) if request.device_id else None
        request.require_other(by, has_device=device is not None)
        request.require_confirmed(at=at)
        if outcome is Outcome.APPROVED and not thing.user.is_active:
            raise RecoveryDecided(request_id=request.id)


@dataclass(frozen=True, slots=True)
class RecoveryDeciders:
    """Those who decided may decide if they hold the permission and have authority over the user, now."""

    uow: UnitOfWork
    rights: DeciderRights
    authority: Authority

    async def require(self, asked: ApprovalAsked, votes: Sequence[DeciderVote]) -> None:
        user_id = await owner_of(self.uow, Actor.service("identity"), asked.resource_id)
        for vote in votes:
            await self.rights.require(vote.by)
            await self.authority.require(actor_id=vote.by, subject_id=user_id)


async def owner_of(uow: UnitOfWork, actor: Actor, request_id: UUID) -> UUID:
    async with uow.begin(actor) as tx:
        user_id = await tx.recovery_requests.owner_of(request_id)
    if user_id is None:
        raise NotFound(request_id=request_id)
    return user_id
