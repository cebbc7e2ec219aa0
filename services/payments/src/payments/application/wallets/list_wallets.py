from dataclasses import dataclass

from kernel.actor import Actor
from kernel.pages import Page, PageRequest
from payments.application.wallets.views import WalletView, WalletViews


@dataclass(frozen=True, slots=True)
class ListWallets:
    """List the caller's wallets, oldest first."""

    views: WalletViews

    async def __call__(self, *, actor: Actor, page: PageRequest) -> Page[WalletView]:
        return await self.views.of_owner(actor.acts_for, page)
