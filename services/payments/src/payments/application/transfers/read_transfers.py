from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import Reads
from payments.application.history.queries import HistoryQueries
from payments.application.ports.audit_log import AuditLog
from payments.application.ports.permissions import READ_ANY_TRANSFER, Permissions
from payments.application.transfers import audit
from payments.application.transfers.views import TransferQueries, TransferView


@dataclass(frozen=True, slots=True)
class ReadTransfers:
    """Transfers, for their initiator, sender and receiver, and with `transfer:read_any`; to others there is none."""

    queries: TransferQueries
    history: HistoryQueries
    audit_log: AuditLog
    permissions: Permissions
    reads: Reads

    async def currency(self, *, actor: Actor, transfer_id: UUID) -> str:
        """Return the currency of a transfer for those who may see it; that alone is not recorded."""
        return (await self._seen(actor, transfer_id))[0].currency

    async def proven(self, *, actor: Actor, transfer_id: UUID, verb: str = "read") -> tuple[TransferView, str | None]:
        """Read a transfer, and the hash by which the audit log has it, once it has. Reading another's is recorded."""
        transfer, others = await self._seen(actor, transfer_id)
        if others:
            await self.reads.record(actor, audit.read(transfer, verb, owners=others))
        return transfer, await self.audit_log.leaf_hash(transfer_id)

    async def awaiting_approval(self, *, actor: Actor, cursor: CursorRequest) -> CursorPage[TransferView]:
        """Page through everybody's transfers that wait for a decision; a page with others' is recorded."""
        page = await self.history.awaiting_approval(cursor)
        others = [transfer for transfer in page.items if transfer.initiator_id != actor.user_id]
        if others:
            wallets = {account_id for transfer in others for account_id in (transfer.source_id, transfer.target_id)}
            owners = await self.queries.owners(tuple(wallets)) - {actor.user_id}
            await self.reads.record(actor, audit.waiting_listed(others, owners))
        return page

    async def _seen(self, actor: Actor, transfer_id: UUID) -> tuple[TransferView, tuple[UUID, ...]]:
        """Return a transfer and its owners, none of them where the caller is one; raises NotFound."""
        transfer = await self.queries.transfer(transfer_id)
        if not transfer:
            raise NotFound(transfer_id=transfer_id)
        if transfer.initiator_id == actor.user_id:
            return transfer, ()
        owners = await self.queries.owners((transfer.source_id, transfer.target_id))
        if actor.user_id in owners:
            return transfer, ()
        if not self.permissions.allows(actor, READ_ANY_TRANSFER):
            raise NotFound(transfer_id=transfer_id)
        return transfer, (transfer.initiator_id, *sorted(owners))
