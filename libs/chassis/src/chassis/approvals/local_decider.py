"""The local decider: one entitled person's vote is the decision, which the service signs itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic
from uuid import UUID

from chassis.approvals.audit import decided
from chassis.approvals.execution import ExecuteApproval, ThingT, TxT
from chassis.approvals.signing import LocalSigner
from kernel.actor import Actor
from kernel.approval_ports import Vote
from kernel.approvals import (
    Approval,
    ApprovalAsked,
    ApprovalClosed,
    ApprovalDecision,
    ApprovalState,
    DeciderVote,
    Outcome,
)


@dataclass(frozen=True, kw_only=True)
class DecideLocally(Generic[TxT, ThingT]):
    """Record a signed decision in one transaction, and carry it out in the next.

    A crash between them leaves a decision that the job carries out. The deed is tried in memory before the decision is recorded,
    so a deed that would be refused is refused without one.
    """

    execute: ExecuteApproval[TxT, ThingT]
    signer: LocalSigner

    async def __call__(self, *, actor: Actor, resource_id: UUID, outcome: Outcome, reason: str = "") -> ThingT:
        """Raise the refusals of the decider and of the deed. Two people at once: the second finds it decided."""
        await self.execute.approvable.prepare(actor=actor, resource_id=resource_id, outcome=outcome)
        approval_id, number = await self._decide(actor, resource_id, outcome, reason)
        return await self.execute(actor=actor, resource_id=resource_id, approval_id=approval_id, number=number)

    async def _decide(self, actor: Actor, resource_id: UUID, outcome: Outcome, reason: str) -> tuple[UUID, int]:
        """Return the approval and the number of its decision; that of an interrupted run of this request, if there was one."""
        approvable = self.execute.approvable
        async with self.execute.uow.begin(actor) as tx:
            thing = await approvable.lock(tx, resource_id)
            found = await tx.approvals.lock_of(approvable.KIND, resource_id)
            if found and found.is_of_this_request and found.state in {ApprovalState.DECIDED, ApprovalState.EXECUTED}:
                return found.asked.id, found.decisions
            if found and found.state is ApprovalState.DECIDED:
                raise approvable.closed(thing)
            at = self.execute.clock.now()
            vote = Vote(actor=actor, outcome=outcome, reason=reason, at=at)
            # Before the rehearsal, which leaves the thing in memory as it would be after the deed.
            asked = approvable.asked(thing, at=at)
            await approvable.rehearse(tx, thing, vote)
            approval = await self._current(tx, asked, found, at)
            signed = self.signer.sign(self._decision(approval, vote))
            approval.decide(signed, at=at)
            await tx.approvals.decide(approval, public_key=self.signer.key.public_bytes)
            tx.record(decided(approval, signed))
            return approval.asked.id, approval.decisions

    async def _current(self, tx: TxT, asked: ApprovalAsked, found: Approval | None, at: datetime) -> Approval:
        """Return the approval of the thing as it is now. Ask for one that an earlier release made wait, or that has changed."""
        if found and found.is_decidable:
            if found.asked.digest == asked.digest:
                return found
            found.close(ApprovalState.SUPERSEDED, at=at)
            await tx.approvals.save(found)
        tx.approvals.ask(asked)
        current = await tx.approvals.lock_of(asked.kind, asked.resource_id)
        if current is None or not current.is_decidable:
            raise ApprovalClosed(resource_id=asked.resource_id)
        return current

    def _decision(self, approval: Approval, vote: Vote) -> ApprovalDecision:
        return ApprovalDecision(
            approval_id=approval.asked.id,
            digest=approval.asked.digest,
            outcome=vote.outcome,
            decider=self.signer.name,
            votes=(DeciderVote(by=vote.actor.user_id, outcome=vote.outcome, at=vote.at),),
            decided_at=vote.at,
            valid_until=approval.asked.expires_at,
            reason=vote.reason,
        )
