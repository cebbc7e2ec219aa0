from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.wallets import audit
from payments.domain.account import Account


@dataclass(frozen=True, slots=True)
class CloseWallet:
    """Close one of the caller's wallets permanently."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, wallet_id: UUID) -> Account:
        """Raise NotFound for others' wallets, NotEmpty (also for holds from it or to it), AccountFrozen, AccountClosed."""
        async with self.uow.begin(actor) as tx:
            # A new hold locks its target account, so none can be added while they are counted.
            wallet = await tx.wallets.lock(wallet_id, owner_id=actor.acts_for)
            expecting = await tx.wallets.expecting(wallet_id)
            with tx.change(audit.WALLET, wallet, "close", at=self.clock.now()) as at:
                wallet.close(expecting=expecting, at=at)
            await tx.wallets.save(wallet)
            return wallet
