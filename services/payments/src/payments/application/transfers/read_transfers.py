from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from payments.application.ports.audit_log import AuditLog
from payments.application.transfers.queries import TransferQueries, TransferView
from payments.application.wallets.read_wallets import READERS_OF_OTHERS


@dataclass(frozen=True, slots=True)
class ReadTransfers:
    """What its maker, its sender, its receiver and staff may see of a transfer; to everybody else there is none."""

    queries: TransferQueries
    audit_log: AuditLog

    async def transfer(self, *, actor: Actor, transfer_id: UUID) -> TransferView:
        transfer = await self.queries.transfer(transfer_id)
        if not transfer or not await self._may_see(actor, transfer):
            raise NotFound(transfer_id=transfer_id)
        return transfer

    async def proven(self, *, actor: Actor, transfer_id: UUID) -> tuple[TransferView, str | None]:
        """Read a transfer with the hash by which the audit log has it, once it has it."""
        transfer = await self.transfer(actor=actor, transfer_id=transfer_id)
        return transfer, await self.audit_log.leaf_hash(transfer_id)

    async def _may_see(self, actor: Actor, transfer: TransferView) -> bool:
        if transfer.initiator_id == actor.user_id or not READERS_OF_OTHERS.isdisjoint(actor.roles):
            return True
        return await self.queries.owns_either(actor.user_id, (transfer.source_id, transfer.target_id))
