from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.approval_ports import Decide
from kernel.approvals import Outcome
from payments.application.bulk_transfers.approval import BulkContent
from payments.application.bulk_transfers.visible_bulks import VisibleBulks
from payments.domain.bulk import Bulk


@dataclass(frozen=True, slots=True)
class RejectBulk:
    """Reject a waiting bulk transfer: none of its lines runs."""

    visible: VisibleBulks
    decide: Decide[BulkContent]

    async def __call__(self, *, actor: Actor, bulk_id: UUID, reason: str) -> Bulk:
        """Raise NotFound, OwnDecision for its initiator and for users whom it pays, NotPending."""
        await self.visible.require_decider(actor=actor, bulk_id=bulk_id)
        return (await self.decide(actor=actor, resource_id=bulk_id, outcome=Outcome.REJECTED, reason=reason)).bulk
