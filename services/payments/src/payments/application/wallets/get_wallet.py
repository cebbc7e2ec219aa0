from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from payments.application.wallets.find_wallet import FindWallet
from payments.application.wallets.views import WalletView


@dataclass(frozen=True, slots=True)
class GetWallet:
    """Get a wallet, for its owner or with `wallet:read_any`."""

    find_wallet: FindWallet

    async def __call__(self, *, actor: Actor, wallet_id: UUID) -> WalletView:
        """Raise NotFound."""
        return await self.find_wallet(actor=actor, wallet_id=wallet_id, verb="read")
