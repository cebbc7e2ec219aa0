from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.money import Money
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.wallets import audit
from payments.domain.account import Account


@dataclass(frozen=True, slots=True)
class SetCeiling:
    """Set the highest balance that a wallet may hold, in units of its currency; None removes it."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(
        self, *, actor: Actor, wallet_id: UUID, ceiling: Decimal | str | None, version: int | None, reason: str
    ) -> Account:
        """Raise NotFound, VersionRequired, StaleVersion, InvalidValue, or BalanceLimit if the balance is already higher."""
        async with self.uow.begin(actor) as tx:
            wallet = await tx.wallets.lock(wallet_id)
            with tx.change(audit.WALLET, wallet, "bound", at=self.clock.now(), reason=reason) as at:
                wallet.require_version(version)
                wallet.set_ceiling(Money.of(ceiling, wallet.currency).amount if ceiling is not None else None, at=at)
            await tx.wallets.save(wallet)
            return wallet
