from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.reads import Reads, ReasonRequired
from payments.application.ports.permissions import READ_ANY_WALLET, Permissions
from payments.application.wallets import audit
from payments.application.wallets.views import WalletView, WalletViews


@dataclass(frozen=True, slots=True)
class FindWallet:
    """Find a wallet that the actor may read: their own, or with `wallet:read_any` any, which is recorded."""

    views: WalletViews
    permissions: Permissions
    reads: Reads

    async def __call__(
        self, *, actor: Actor, wallet_id: UUID, verb: str, reason: str | None = None, reason_required: bool = False
    ) -> WalletView:
        """Raise NotFound, or ReasonRequired for another user's wallet if `reason_required`. `verb` names the recorded read."""
        wallet = await self.views.find(wallet_id)
        if not wallet or not self._may_read(actor, wallet):
            raise NotFound(wallet_id=wallet_id)
        if wallet.owner_id != actor.acts_for:
            if reason_required and reason is None:
                raise ReasonRequired
            await self.reads.record(actor, audit.read(wallet, verb, reason=reason))
        return wallet

    def _may_read(self, actor: Actor, wallet: WalletView) -> bool:
        if wallet.owner_id == actor.acts_for:
            return True
        return self.permissions.allows_within(actor, READ_ANY_WALLET, wallet.organization_id)
