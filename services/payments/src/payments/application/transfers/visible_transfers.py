"""Which transfers a caller may see. For the others, NotFound is raised."""

from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.reads import Reads
from payments.application.ports.audit_log import AuditLog
from payments.application.ports.permissions import READ_ANY_TRANSFER, Permissions
from payments.application.transfers import audit
from payments.application.transfers.views import TransferViews
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class VisibleTransfers:
    """Its initiator, sender and receiver may see a transfer, and callers with `transfer:read_any`.

    A session that acts for an organization sees the organization's, any other session the person's.
    """

    views: TransferViews
    audit_log: AuditLog
    permissions: Permissions
    reads: Reads

    async def read(self, *, actor: Actor, transfer_id: UUID, verb: str) -> tuple[Transfer, str | None]:
        """Read a transfer, and the hash of its audit entry once it is on the audit log; raise NotFound.

        Reading another user's transfer is recorded; `verb` names what was read.
        """
        transfer, others = await self._find(actor, transfer_id)
        if others:
            await self.reads.record(actor, audit.read(transfer, verb, owners=others))
        return transfer, await self.audit_log.leaf_hash(transfer_id)

    async def find(self, *, actor: Actor, transfer_id: UUID) -> Transfer:
        """Read a transfer without recording the read, for responses that do not show it. Raise NotFound."""
        return (await self._find(actor, transfer_id))[0]

    async def _find(self, actor: Actor, transfer_id: UUID) -> tuple[Transfer, tuple[UUID, ...]]:
        """Return a transfer and its owners, or no owners if the caller is one of them."""
        transfer = await self.views.transfer(transfer_id)
        if not transfer:
            raise NotFound(transfer_id=transfer_id)
        order = transfer.order
        if order.initiator_id == actor.user_id and order.organization_id == actor.organization_id:
            return transfer, ()
        owners = await self.views.owners((order.source_id, order.target_id))
        if actor.acts_for in owners:
            return transfer, ()
        # An organization's auditor reads what it paid and what it received.
        if not any(self.permissions.allows_within(actor, READ_ANY_TRANSFER, owner_id) for owner_id in (None, *owners)):
            raise NotFound(transfer_id=transfer_id)
        return transfer, (order.initiator_id, *sorted(owners))
