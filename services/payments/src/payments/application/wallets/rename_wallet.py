from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.wallets import audit
from payments.domain.account import Account


@dataclass(frozen=True, slots=True)
class RenameWallet:
    """Rename one of the caller's wallets."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, wallet_id: UUID, name: str) -> Account:
        """Raise NotFound, also for others' wallets."""
        async with self.uow.begin(actor) as tx:
            wallet = await tx.wallets.lock(wallet_id, owner_id=actor.acts_for)
            with tx.change(audit.WALLET, wallet, "rename", at=self.clock.now()) as at:
                wallet.rename(name, at=at)
            await tx.wallets.save(wallet)
            return wallet
