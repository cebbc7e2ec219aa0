from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.wallets import audit
from payments.domain.account import Account
from payments.domain.errors import TooManyWallets


@dataclass(frozen=True, slots=True)
class OpenIssuedWallet:
    """Open the wallet at an address that identity issued; opening it again changes nothing."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(
        self,
        *,
        actor: Actor,
        wallet_id: UUID,
        owner_id: UUID,
        currency: str,
        name: str = "",
        wallets_max: int | None = None,
        organization_id: UUID | None = None,
    ) -> Account | None:
        """Return the wallet, or None if it existed. Raise TooManyWallets if the owner already has `wallets_max`."""
        async with self.uow.begin(actor) as tx:
            if await tx.accounts.lock([wallet_id]):
                return None
            if wallets_max is not None and await tx.wallets.count_of(owner_id) >= wallets_max:
                raise TooManyWallets(most=wallets_max)
            at = self.clock.now()
            wallet = Account.open_wallet(
                wallet_id=wallet_id,
                owner_id=owner_id,
                currency=currency,
                at=at,
                name=name,
                organization_id=organization_id,
            )
            await tx.wallets.add(wallet)
            await tx.spending.begin(owner_id, wallet.currency, at)
            tx.create(audit.OPENED_WALLET, wallet, "open", at=at)
            return wallet
