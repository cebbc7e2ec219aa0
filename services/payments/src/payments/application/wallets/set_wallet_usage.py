from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.wallets import audit
from payments.application.wallets.views import WalletView
from payments.domain.account import Account, WalletUsage
from payments.domain.errors import OwnDecision


@dataclass(frozen=True, slots=True)
class SetWalletUsage:
    """Set a wallet's usage to merchant or personal. The route requires `payment:reconcile`.

    Money to a merchant's wallet is a payment, with the fees, limits and approval rules of payments. Earlier orders do not
    change.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, wallet_id: UUID, usage: WalletUsage, version: int | None, reason: str) -> Account:
        """Return the changed wallet. Setting its current usage again changes nothing and is recorded as a read.

        Raise NotFound, OwnDecision for the actor's own wallet, VersionRequired, StaleVersion, or AccountClosed.
        """
        async with self.uow.begin(actor) as tx:
            wallet = await tx.wallets.lock(wallet_id)
            if wallet.owner_id in actor.parties:
                raise OwnDecision(wallet_id=wallet_id)
            wallet.require_version(version)
            if wallet.usage is usage:
                tx.record(audit.read(WalletView.of(wallet), "read", reason=reason).fact(at=self.clock.now()))
                return wallet
            with tx.change(audit.WALLET, wallet, "set_usage", at=self.clock.now(), reason=reason) as at:
                wallet.use_as(usage, reason, at=at)
            await tx.wallets.save(wallet)
            return wallet
