from dataclasses import dataclass
from uuid import UUID

from identity.application.wallet_addresses.views import WalletAddressView, WalletAddressViews
from kernel.actor import Actor
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetWalletAddress:
    """Read a wallet address of the caller."""

    views: WalletAddressViews

    async def __call__(self, *, actor: Actor, address: UUID) -> WalletAddressView:
        """Raise NotFound for an address that is not the caller's."""
        view = await self.views.wallet_address(actor.user_id, address)
        if view is None:
            raise NotFound(address=address)
        return view
