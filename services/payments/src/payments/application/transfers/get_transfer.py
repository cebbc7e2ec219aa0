from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from payments.application.transfers.visible_transfers import VisibleTransfers
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class GetTransfer:
    visible: VisibleTransfers

    async def __call__(self, *, actor: Actor, transfer_id: UUID) -> tuple[Transfer, str | None]:
        """Return the transfer and, once the audit log has it, the hash of its entry.

        Raise NotFound. Reading another user's transfer is recorded.
        """
        return await self.visible.read(actor=actor, transfer_id=transfer_id, verb="read")
