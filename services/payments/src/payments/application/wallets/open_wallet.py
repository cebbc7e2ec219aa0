from dataclasses import dataclass
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.ids import new_id
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.wallets import facts
from payments.domain.account import Account
from payments.domain.errors import TooManyWallets

WALLETS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class OpenWallet:
    """Open the wallet at an address that identity issued; opening it again changes nothing."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(
        self, *, actor: Actor, wallet_id: UUID, owner_id: UUID, currency: str, name: str = "", wallets_max: int | None = None
    ) -> Account | None:
        """Return the wallet, or None when it was there; raises TooManyWallets when the owner has `wallets_max` already."""
        async with self.uow.begin(actor) as tx:
            if await tx.accounts.lock([wallet_id]):
                return None
            if wallets_max is not None and await tx.accounts.count_of(owner_id) >= wallets_max:
                raise TooManyWallets(most=wallets_max)
            at = self.clock.now()
            wallet = Account.open_wallet(wallet_id=wallet_id, owner_id=owner_id, currency=currency, at=at, name=name)
            await tx.accounts.add(wallet)
            await tx.spending.begin(owner_id, wallet.currency, at)
            tx.record(facts.opened(wallet))
            for event in wallet.collect():
                tx.announce(event)
            return wallet


@dataclass(frozen=True, slots=True)
class OpenOwnWallet:
    """Open one more wallet for the caller, in any currency; a number of them has its limit."""

    open_wallet: OpenWallet

    async def __call__(self, *, actor: Actor, currency: str, name: str) -> Account:
        """Return the new wallet; raises TooManyWallets or UnknownCurrency."""
        wallet = await self.open_wallet(
            actor=actor, wallet_id=new_id(), owner_id=actor.user_id, currency=currency, name=name, wallets_max=WALLETS_MAX
        )
        if wallet is None:
            raise RuntimeError("a new id was taken")
        return wallet
