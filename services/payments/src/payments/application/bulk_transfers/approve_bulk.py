from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.approval_ports import Decide
from kernel.approvals import Outcome
from payments.application.bulk_transfers.approval import BulkContent
from payments.domain.bulk import Bulk


@dataclass(frozen=True, slots=True)
class ApproveBulk:
    """Approve a waiting bulk transfer, so that all of its lines run.

    The caller holds `payment:approve` and has signed in with two factors within the last minutes.
    """

    decide: Decide[BulkContent]

    async def __call__(self, *, actor: Actor, bulk_id: UUID) -> Bulk:
        """Raise NotFound, OwnDecision for its initiator and for users whom it pays, NotPending."""
        return (await self.decide(actor=actor, resource_id=bulk_id, outcome=Outcome.APPROVED)).bulk
