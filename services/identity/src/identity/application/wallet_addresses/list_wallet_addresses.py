from dataclasses import dataclass

from identity.application.wallet_addresses.views import WalletAddressView, WalletAddressViews
from kernel.actor import Actor
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListWalletAddresses:
    """List the caller's wallet addresses, oldest first, including retired addresses."""

    views: WalletAddressViews

    async def __call__(self, *, actor: Actor, page: PageRequest) -> Page[WalletAddressView]:
        return await self.views.wallet_addresses_of(actor.user_id, page)
