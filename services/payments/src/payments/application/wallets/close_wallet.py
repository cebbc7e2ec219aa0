from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.wallets import facts
from payments.domain.account import Account


@dataclass(frozen=True, slots=True)
class CloseWallet:
    """Close one of the caller's wallets permanently."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, wallet_id: UUID) -> Account:
        """Raise NotFound for others' wallets, NotEmpty (holds on it and to it count), AccountFrozen, AccountClosed."""
        async with self.uow.begin(actor) as tx:
            # A hold locks the account that it is to be paid into: none can come while they are counted.
            wallet = (await tx.accounts.lock([wallet_id])).get(wallet_id)
            if wallet is None or wallet.owner_id != actor.user_id:
                raise NotFound(wallet_id=wallet_id)
            before, at = facts.state(wallet), self.clock.now()
            wallet.close(expecting=await tx.accounts.expecting(wallet_id), at=at)
            await tx.accounts.save_state(wallet)
            tx.record(facts.changed(wallet, "close", before=before, at=at))
            for event in wallet.collect():
                tx.announce(event)
            return wallet
