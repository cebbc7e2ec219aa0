from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.approval_ports import Decide
from kernel.approvals import Outcome
from payments.application.transfers.deciders import TransferDeciders
from payments.application.transfers.locked_transfer import LockedTransfer
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class RejectTransfer:
    """Reject a waiting transfer and release its money."""

    deciders: TransferDeciders
    decide: Decide[LockedTransfer]

    async def __call__(self, *, actor: Actor, transfer_id: UUID, reason: str) -> Transfer:
        """Raise NotFound, OwnDecision for users who ordered, pay or receive it, or NotPending."""
        await self.deciders.require(actor=actor, transfer_id=transfer_id)
        return (await self.decide(actor=actor, resource_id=transfer_id, outcome=Outcome.REJECTED, reason=reason)).transfer
