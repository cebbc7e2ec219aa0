"""Carries out the decisions that were recorded and not carried out: after a crash, or when another service decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic

from chassis.approvals.execution import PASSING, ExecuteApproval, TxT, UnitOfWork
from chassis.telemetry import log
from kernel.actor import Actor
from kernel.approval_ports import Deciders
from kernel.approvals import Approval
from kernel.clock import Clock
from kernel.errors import DomainError

# A request that decides itself carries the decision out within this time.
GRACE: Final = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class ExecuteDecided(Generic[TxT]):
    """Carry out what is decided, each in its own transaction.

    First end what expired: not every kind of thing has a job that does. Whether the deciders may still decide is asked before the
    deed: they may have lost the role since. A refusal is recorded with the approval and does not block the others; without an
    answer of another service, the next run tries again.
    """

    uow: UnitOfWork[TxT]
    executions: Mapping[str, ExecuteApproval[TxT, Any]]
    deciders: Mapping[str, Deciders]
    service: str
    clock: Clock

    async def __call__(self, *, limit: int = 100) -> int:
        """Return how many were carried out. After trying all, raise the first failure that may pass."""
        actor = Actor.service(self.service)
        async with self.uow.begin(actor) as tx:
            now = self.clock.now()
            await tx.approvals.expire(list(self.executions), now, limit=limit)
            before = now - GRACE
            waiting = [
                approval
                for approval_id in await tx.approvals.to_execute(list(self.executions), before, limit=limit)
                if (approval := await tx.approvals.find(approval_id))
            ]
        executed, passing = 0, []
        for approval in waiting:
            try:
                executed += await self._execute(actor, approval)
            except DomainError as failure:
                passing.append(failure)
        if passing:
            raise passing[0]
        return executed

    async def _execute(self, actor: Actor, approval: Approval) -> bool:
        """Return whether the decision was carried out. Raise a failure that may pass."""
        asked, signed = approval.asked, approval.decision
        if signed is None:
            return False
        execution, decision = self.executions[asked.kind], signed.decision
        try:
            await self.deciders[asked.kind].require(asked, decision.votes)
            await execution.approvable.prepare(actor=actor, resource_id=asked.resource_id, outcome=decision.outcome)
            await execution(actor=actor, resource_id=asked.resource_id, approval_id=asked.id, number=approval.decisions)
        except DomainError as refusal:
            if refusal.kind in PASSING:
                raise
            log.warning("approval_not_executed", approval=str(asked.id), kind=asked.kind, code=refusal.code, reason=str(refusal))
            await execution.fail(
                refusal, actor=actor, resource_id=asked.resource_id, approval_id=asked.id, number=approval.decisions
            )
            return False
        return True
