"""What payments asks of the policies in force, beyond the permission that a route asks for."""

from typing import Final, Protocol

from kernel.actor import Actor

# Of the people who keep the ledger: they freeze wallets, reverse transfers and cancel any hold.
RECONCILE: Final = "payment:reconcile"
# To read other people's money.
READ_ANY_WALLET: Final = "wallet:read_any"
READ_ANY_TRANSFER: Final = "transfer:read_any"


class Permissions(Protocol):
    def allows(self, actor: Actor, permission: str, /) -> bool:
        """Tell whether the actor may; raises Unavailable when nobody can tell."""
