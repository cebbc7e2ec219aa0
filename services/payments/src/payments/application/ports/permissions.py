"""Port to the policies in force, for decisions beyond the permission that a route requires."""

from typing import Final, Protocol

from kernel.actor import Actor

# For staff who maintain the ledger: they freeze wallets, reverse transfers and cancel any hold.
RECONCILE: Final = "payment:reconcile"
# For reading other people's wallets and transfers.
READ_ANY_WALLET: Final = "wallet:read_any"
READ_ANY_TRANSFER: Final = "transfer:read_any"


class Permissions(Protocol):
    def allows(self, actor: Actor, permission: str, /) -> bool:
        """Return whether the actor has the permission. Raise Unavailable if the policies cannot be evaluated."""
