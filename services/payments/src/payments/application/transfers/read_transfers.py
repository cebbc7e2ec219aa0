from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from payments.application.ports.audit_log import AuditLog
from payments.application.ports.permissions import READ_ANY_TRANSFER, Permissions
from payments.application.transfers.queries import TransferQueries, TransferView


@dataclass(frozen=True, slots=True)
class ReadTransfers:
    """What its maker, sender and receiver, and those with `transfer:read_any`, may see of a transfer; to others there is none."""

    queries: TransferQueries
    audit_log: AuditLog
    permissions: Permissions

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
        if transfer.initiator_id == actor.user_id:
            return True
        if await self.queries.owns_either(actor.user_id, (transfer.source_id, transfer.target_id)):
            return True
        return self.permissions.allows(actor, READ_ANY_TRANSFER)
