"""Port to the policies in force, for decisions beyond the permission that a route requires."""

from typing import Final, Protocol
from uuid import UUID

from kernel.actor import Actor

# For staff who maintain the ledger: they freeze wallets, reverse transfers and cancel any hold.
RECONCILE: Final = "payment:reconcile"
# For reading other people's wallets and transfers.
READ_ANY_WALLET: Final = "wallet:read_any"
READ_ANY_TRANSFER: Final = "transfer:read_any"


class Permissions(Protocol):
    def allows(self, actor: Actor, permission: str, /) -> bool:
        """Return whether the actor has the permission everywhere. Raise Unavailable if the policies cannot be evaluated."""

    def allows_within(self, actor: Actor, permission: str, organization_id: UUID | None, /) -> bool:
        """Return whether the actor has the permission for what belongs to an organization, or for what belongs to none."""
