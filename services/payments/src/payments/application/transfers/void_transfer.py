from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.approvals import ApprovalState
from kernel.assurance import RECENT
from kernel.clock import Clock
from kernel.errors import NotFound
from payments.application.ports.permissions import RECONCILE, Permissions
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.transfers.approval import KIND
from payments.application.transfers.locked_transfer import changing, lock_transfer
from payments.domain.errors import NotTheOwner
from payments.domain.transfer import Transfer, TransferStatus


@dataclass(frozen=True, slots=True)
class VoidTransfer:
    """Cancel a hold and release its money.

    The receiver may at any time; staff with `payment:reconcile` may if they are not a party. The sender may only while the
    transfer awaits approval: otherwise a hold would guarantee nothing.
    """

    uow: UnitOfWork
    permissions: Permissions
    clock: Clock

    async def __call__(self, *, actor: Actor, transfer_id: UUID, reason: str) -> Transfer:
        """Raise NotFound for callers who are not a party, NotTheOwner for the sender if the receiver may capture it, NotPending.

        Raise StepUpRequired for staff whose sign-in is not recent.
        """
        is_staff = self.permissions.allows(actor, RECONCILE)
        async with self.uow.begin(actor) as tx:
            locked = await lock_transfer(tx, transfer_id)
            transfer = locked.transfer
            if not (is_staff or locked.is_party(actor)):
                raise NotFound(transfer_id=transfer_id)
            if not (
                locked.is_target(actor)
                or transfer.status is TransferStatus.PENDING_APPROVAL
                # The rule for their own money also applies to staff.
                or (is_staff and not locked.concerns(actor))
            ):
                raise NotTheOwner(transfer_id=transfer_id)
            at, awaited_approval = self.clock.now(), transfer.status is TransferStatus.PENDING_APPROVAL
            if not locked.is_party(actor):
                RECENT.require(actor, at=at)
            async with changing(tx, locked, "void", at=at, reason=reason):
                transfer.void(locked.accounts, reason=reason, at=at)
            if awaited_approval:
                await tx.approvals.close_of(KIND, [transfer_id], ApprovalState.WITHDRAWN, at=at)
            return transfer
