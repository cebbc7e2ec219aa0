from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.ports.payer_rights import Standings
from payments.application.ports.screening import Screening
from payments.application.ports.transfers import Terms
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.transfers.locked_transfer import changing, lock_transfer
from payments.application.transfers.rescreen import require_clear
from payments.application.transfers.standing import require_standing
from payments.application.transfers.views import TransferViews
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class ApproveTransfer:
    """Approve a waiting transfer. The route requires `payment:approve` and a two-factor sign-in within the last minutes."""

    uow: UnitOfWork
    views: TransferViews
    screening: Screening
    standings: Standings
    terms: Terms
    clock: Clock

    async def __call__(self, *, actor: Actor, transfer_id: UUID) -> Transfer:
        """Raise NotFound, OwnDecision for users who ordered, pay or receive it, NotPending, or the errors of the accounts.

        Raise ScreeningRefused, and PayerSuspended, PayerClosed or PayeeBarred if one of its parties may not act now.
        """
        order = await require_clear(self.uow, self.views, self.screening, self.clock, actor=actor, transfer_id=transfer_id)
        await require_standing(self.views, self.standings, user_id=order.initiator_id, transfer_id=transfer_id)
        async with self.uow.begin(actor) as tx:
            locked = await lock_transfer(tx, transfer_id)
            transfer, at = locked.transfer, self.clock.now()
            async with changing(tx, locked, "approve", at=at):
                transfer.approve(locked.accounts, by=actor.user_id, at=at, expires_at=at + self.terms.hold_life)
            return transfer
