from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.money import Money
from payments.application.ports.authority import Standings
from payments.application.ports.screening import Screening
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.transfers.locked_transfer import changing, lock_transfer
from payments.application.transfers.rescreen import require_clear
from payments.application.transfers.standing import require_standing
from payments.application.transfers.views import TransferViews
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class CaptureTransfer:
    """Move what is on hold, or a part of it. Its sender and its receiver may.

    What a sender ordered before a suspension the receiver still captures. Nothing is captured for a receiver, or by anybody,
    who may not act.
    """

    uow: UnitOfWork
    views: TransferViews
    screening: Screening
    standings: Standings
    clock: Clock

    async def __call__(self, *, actor: Actor, transfer_id: UUID, amount: Money | None) -> Transfer:
        """Raise NotFound for strangers, NotPending, CaptureTooLarge, ScreeningRefused, Unavailable.

        PayeeBarred for a receiver who may not act, PayerSuspended or PayerClosed for such a sender who captures.
        """
        await require_clear(self.uow, self.views, self.screening, self.clock, actor=actor, transfer_id=transfer_id)
        # A token outlives a suspension by minutes.
        await require_standing(self.views, self.standings, user_id=actor.user_id, transfer_id=transfer_id)
        async with self.uow.begin(actor) as tx:
            locked = await lock_transfer(tx, transfer_id)
            transfer = locked.transfer
            if not locked.is_party(actor.user_id):
                raise NotFound(transfer_id=transfer_id)
            at = self.clock.now()
            async with changing(tx, locked, "capture", at=at):
                transfer.capture(locked.accounts, amount, at)
            return transfer
