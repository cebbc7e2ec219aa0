from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.approval_ports import Decide
from kernel.approvals import Outcome
from payments.application.transfers.deciders import TransferDeciders
from payments.application.transfers.locked_transfer import LockedTransfer
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class ApproveTransfer:
    """Approve a waiting transfer. The route requires `payment:approve` and a two-factor sign-in within the last minutes."""

    deciders: TransferDeciders
    decide: Decide[LockedTransfer]

    async def __call__(self, *, actor: Actor, transfer_id: UUID) -> Transfer:
        """Raise NotFound, OwnDecision for users who ordered, pay or receive it, NotPending, or the errors of the accounts.

        Raise ScreeningRefused, and PayerSuspended, PayerClosed or PayeeBarred if one of its parties may not act now.
        """
        await self.deciders.require(actor=actor, transfer_id=transfer_id)
        return (await self.decide(actor=actor, resource_id=transfer_id, outcome=Outcome.APPROVED)).transfer
