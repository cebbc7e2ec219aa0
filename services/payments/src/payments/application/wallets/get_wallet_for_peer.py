from dataclasses import dataclass
from uuid import UUID

from kernel.errors import NotFound
from payments.application.wallets.views import WalletView, WalletViews


@dataclass(frozen=True, slots=True)
class GetWalletForPeer:
    """Get any wallet, for a service that is permitted to call this."""

    views: WalletViews

    async def __call__(self, *, wallet_id: UUID) -> WalletView:
        """Raise NotFound."""
        wallet = await self.views.find(wallet_id)
        if wallet is None:
            raise NotFound(wallet_id=wallet_id)
        return wallet
