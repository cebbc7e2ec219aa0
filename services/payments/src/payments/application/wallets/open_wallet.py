from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import Clock
from kernel.money import amount_text
from payments.application.ports.unit_of_work import UnitOfWork
from payments.domain.account import Account


@dataclass(frozen=True, slots=True)
class OpenWallet:
    """Open the wallet at an address that identity issued; opening it again changes nothing."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, wallet_id: UUID, owner_id: UUID, currency: str) -> None:
        async with self.uow.begin(actor) as tx:
            if await tx.accounts.lock([wallet_id]):
                return
            wallet = Account.open_wallet(wallet_id=wallet_id, owner_id=owner_id, currency=currency, at=self.clock.now())
            await tx.accounts.add(wallet)
            await tx.spending.begin(owner_id, currency, wallet.opened_at)
            tx.record(
                AuditFact(
                    action="payments.wallet.open",
                    resource_type="wallet",
                    resource_id=str(wallet_id),
                    occurred_at=wallet.opened_at,
                    after={"currency": currency, "owner_id": str(owner_id), "balance": amount_text(wallet.balance, currency)},
                    related_ids=(str(owner_id),),
                )
            )
            for event in wallet.collect():
                tx.announce(event)
