from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.wallets import audit
from payments.domain.account import Account


@dataclass(frozen=True, slots=True)
class UnfreezeWallet:
    """Unfreeze a wallet, so that its money can move again."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, wallet_id: UUID, reason: str) -> Account:
        """Raise NotFound or NotFrozen."""
        async with self.uow.begin(actor) as tx:
            wallet = await tx.wallets.lock(wallet_id)
            with tx.change(audit.WALLET, wallet, "unfreeze", at=self.clock.now(), reason=reason) as at:
                wallet.unfreeze(reason, at=at)
            await tx.wallets.save(wallet)
            return wallet
