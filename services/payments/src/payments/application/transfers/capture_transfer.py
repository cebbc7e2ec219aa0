from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.money import Money
from payments.application.ports.payer_rights import Standings
from payments.application.ports.screening import Screening
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.transfers.locked_transfer import changing, lock_transfer
from payments.application.transfers.rescreen import require_clear
from payments.application.transfers.standing import require_standing
from payments.application.transfers.views import TransferViews
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class CaptureTransfer:
    """Capture a hold, in whole or in part. The sender and the receiver may capture it.

    The receiver may still capture a hold that the sender ordered before being suspended. A caller or receiver who may not act
    is refused.
    """

    uow: UnitOfWork
    views: TransferViews
    screening: Screening
    standings: Standings
    clock: Clock

    async def __call__(self, *, actor: Actor, transfer_id: UUID, amount: Money | None) -> Transfer:
        """Raise NotFound for callers who are not a party, NotPending, CaptureTooLarge, ScreeningRefused, Unavailable.

        Raise PayeeBarred if the receiver may not act; PayerSuspended or PayerClosed if the sender captures and may not act.
        """
        await require_clear(self.uow, self.views, self.screening, self.clock, actor=actor, transfer_id=transfer_id)
        # An access token stays valid for minutes after a suspension.
        await require_standing(self.views, self.standings, user_id=actor.user_id, transfer_id=transfer_id)
        async with self.uow.begin(actor) as tx:
            locked = await lock_transfer(tx, transfer_id)
            transfer = locked.transfer
            if not locked.is_party(actor):
                raise NotFound(transfer_id=transfer_id)
            at = self.clock.now()
            async with changing(tx, locked, "capture", at=at):
                transfer.capture(locked.accounts, amount, at)
            return transfer
