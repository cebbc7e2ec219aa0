"""Carries out a decision exactly once."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

from chassis.approvals.signing import DecisionKeys
from chassis.approvals.table import SqlApprovals
from kernel.actor import Actor
from kernel.approval_ports import Approvable
from kernel.approvals import (
    Approval,
    ApprovalClosed,
    ApprovalDecision,
    ApprovalState,
    ContentChanged,
    DecisionInvalid,
    content_digest,
)
from kernel.audit import AuditFact
from kernel.clock import Clock
from kernel.errors import DomainError, Kind, NotFound

# After such a refusal the deed may succeed later with the same decision.
PASSING: Final = frozenset({Kind.UNAVAILABLE, Kind.EXHAUSTED, Kind.INTERNAL, Kind.STALE})


class ApprovalTransaction(Protocol):
    @property
    def approvals(self) -> SqlApprovals: ...

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None: ...


TxT = TypeVar("TxT", bound=ApprovalTransaction)
TxT_co = TypeVar("TxT_co", bound=ApprovalTransaction, covariant=True)
ThingT = TypeVar("ThingT")


class UnitOfWork(Protocol[TxT_co]):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[TxT_co]: ...


# No slots: Python 3.11 cannot create a frozen generic dataclass with slots.
@dataclass(frozen=True, kw_only=True)
class ExecuteApproval(Generic[TxT, ThingT]):
    """Carry out the decision on an approval, in the transaction that records it as executed.

    Everything is checked under the locks of the thing and its approval: signature, digest, outcome, time. Of two at once, or of a
    request and the job that finishes what a crash left, one carries it out.
    """

    uow: UnitOfWork[TxT]
    approvable: Approvable[TxT, ThingT]
    keys: DecisionKeys
    clock: Clock

    async def __call__(self, *, actor: Actor, resource_id: UUID, approval_id: UUID, number: int) -> ThingT:
        """Return the thing after the deed, also if another process has carried out this decision (`number`).

        Raise the deed's refusal, which is recorded with the approval; or ApprovalClosed, DecisionInvalid or ContentChanged.
        """
        try:
            return await self._execute(actor, resource_id, approval_id, number)
        except DomainError as refusal:
            if refusal.kind not in PASSING:
                await self.fail(refusal, actor=actor, resource_id=resource_id, approval_id=approval_id, number=number)
            raise

    async def _execute(self, actor: Actor, resource_id: UUID, approval_id: UUID, number: int) -> ThingT:
        async with self.uow.begin(actor) as tx:
            thing, approval = await self._lock(tx, resource_id, approval_id)
            if approval.state is ApprovalState.EXECUTED and approval.decisions == number:
                return thing
            at = self.clock.now()
            decision = self._judge(thing, approval, number, at)
            await self.approvable.execute(tx, thing, decision, at=at)
            approval.execute(at=at)
            await tx.approvals.save(approval)
            return thing

    def _judge(self, thing: ThingT, approval: Approval, number: int, at: datetime) -> ApprovalDecision:
        """Return the decision if it may be carried out now."""
        asked = approval.asked
        if approval.decisions != number or not approval.is_open:
            # Decided again or withdrawn since, such as by an owner who cancels at the same time.
            raise self.approvable.closed(thing)
        decision = approval.require_executable(
            content_digest(asked.kind, asked.resource_id, self.approvable.content(thing)), at=at
        )
        if approval.decision is None:
            raise DecisionInvalid(approval_id=asked.id)
        self.keys.require(approval.decision)
        return decision

    async def fail(self, refusal: DomainError, *, actor: Actor, resource_id: UUID, approval_id: UUID, number: int) -> None:
        """Record that the decision was not carried out, unless it was meanwhile or has no effect any more."""
        async with self.uow.begin(actor) as tx:
            _, approval = await self._lock(tx, resource_id, approval_id)
            if approval.state is not ApprovalState.DECIDED or approval.decisions != number:
                return
            if isinstance(refusal, ContentChanged):
                approval.close(ApprovalState.SUPERSEDED, at=self.clock.now())
            elif isinstance(refusal, ApprovalClosed):
                approval.close(ApprovalState.EXPIRED, at=self.clock.now())
            else:
                approval.fail(refusal.code)
            await tx.approvals.save(approval)

    async def _lock(self, tx: TxT, resource_id: UUID, approval_id: UUID) -> tuple[ThingT, Approval]:
        # The thing first, as everywhere.
        thing = await self.approvable.lock(tx, resource_id)
        approval = await tx.approvals.lock(approval_id)
        if approval is None or approval.asked.resource_id != resource_id or approval.asked.kind != self.approvable.KIND:
            raise NotFound(approval_id=approval_id)
        return thing, approval
