from dataclasses import dataclass
from uuid import UUID

from identity.application.wallet_addresses.views import WalletAddressView, WalletAddressViews, read_own_address
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class GetWalletAddress:
    """Get a wallet address of the caller."""

    views: WalletAddressViews

    async def __call__(self, *, actor: Actor, address: UUID) -> WalletAddressView:
        """Raise NotFound for an address that is not the caller's."""
        return await read_own_address(self.views, actor, address)
