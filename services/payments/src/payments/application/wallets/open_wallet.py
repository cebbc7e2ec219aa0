from dataclasses import dataclass
from typing import Final

from kernel.actor import Actor
from kernel.ids import new_id
from payments.application.wallets.open_issued_wallet import OpenIssuedWallet
from payments.domain.account import Account

WALLETS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class OpenWallet:
    """Open another wallet for the caller, or for the organization that the caller acts for, in any currency.

    The number of an owner's wallets is limited.
    """

    open_issued_wallet: OpenIssuedWallet

    async def __call__(self, *, actor: Actor, currency: str, name: str) -> Account:
        """Return the new wallet. Raise TooManyWallets or UnknownCurrency."""
        wallet = await self.open_issued_wallet(
            actor=actor,
            wallet_id=new_id(),
            owner_id=actor.acts_for,
            currency=currency,
            name=name,
            wallets_max=WALLETS_MAX,
            organization_id=actor.organization_id,
        )
        if wallet is None:
            raise RuntimeError("a new id was taken")
        return wallet
