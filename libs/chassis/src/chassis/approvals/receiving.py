"""Decisions that governance announces: verified and recorded. A job carries them out."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic
from uuid import UUID

from chassis.approvals.audit import decided
from chassis.approvals.execution import TxT, UnitOfWork
from chassis.approvals.signing import DecisionKeys
from chassis.messaging.contracts import Subscription
from chassis.persistence.delivery import Delivery
from elcorp.governance.v1 import events_pb2
from kernel.actor import Actor
from kernel.approvals import (
    ApprovalClosed,
    ApprovalDecision,
    ApprovalState,
    DecisionInvalid,
    Outcome,
    SignedDecision,
)
from kernel.clock import Clock
from kernel.errors import DomainError, Kind


class ApprovalUnknown(DomainError):
    """No approval has this id yet; the decision is tried again, and then waits for an operator."""

    kind: ClassVar[Kind] = Kind.STALE
    code: ClassVar[str] = "APR_005"


_ENDS = {Outcome.EXPIRED: ApprovalState.EXPIRED, Outcome.WITHDRAWN: ApprovalState.WITHDRAWN}


@dataclass(frozen=True, kw_only=True)
class ReceiveDecision(Generic[TxT]):
    """Record a decision of another service, in the transaction that records its message.

    A decision that arrives again, or after its approval has ended, has no effect.
    """

    uow: UnitOfWork[TxT]
    keys: DecisionKeys
    service: str
    clock: Clock

    @property
    def subscription(self) -> Subscription[events_pb2.ApprovalDecided]:
        return Subscription(events_pb2.ApprovalDecided, self)

    async def __call__(self, delivery: Delivery[events_pb2.ApprovalDecided]) -> None:
        """Raise DecisionInvalid unless a known decider signed it, ApprovalUnknown, or ApprovalClosed for a second decision."""
        event = delivery.message
        if event.producer != self.service:
            return
        given = event.decision
        decision = ApprovalDecision.read(given.statement)
        signed = SignedDecision(decision=decision, key_id=given.key_id, signature=given.signature)
        public_key = self.keys.require(signed)
        if event.approval_id != str(decision.approval_id):
            raise DecisionInvalid(approval_id=decision.approval_id)
        await self._record(signed, public_key, self.clock.now())

    async def _record(self, signed: SignedDecision, public_key: bytes, at: datetime) -> None:
        approval_id: UUID = signed.decision.approval_id
        async with self.uow.begin(Actor.service(self.service)) as tx:
            approval = await tx.approvals.lock(approval_id)
            if approval is None:
                raise ApprovalUnknown(approval_id=approval_id)
            if approval.decision == signed or not approval.is_open:
                return
            if approval.state is ApprovalState.DECIDED:
                raise ApprovalClosed(approval_id=approval_id, state=approval.state)
            if end := _ENDS.get(signed.decision.outcome):
                approval.close(end, at=at)
                await tx.approvals.save(approval)
                return
            approval.decide(signed, at=at)
            await tx.approvals.decide(approval, public_key=public_key)
            tx.record(decided(approval, signed))
