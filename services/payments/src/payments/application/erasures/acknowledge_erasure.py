from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.erasures import ErasureRequest, acknowledge_erasure
from kernel.pages import PER_PAGE_MAX, PageRequest
from payments.application.payers.planned_payments import cancel_bulks, cancel_schedules
from payments.application.ports.unit_of_work import Transaction, UnitOfWork
from payments.application.wallets import audit
from payments.application.wallets.views import WalletViews
from payments.domain.account import Account

LEDGER: Final = "ledger: under the owner's id, which then names nobody"
FILES: Final = "files of payments: as they were submitted, with the names in them, for as long as the payments are kept"


@dataclass(frozen=True, slots=True)
class AcknowledgeErasure:
    """Remove an erased user's wallet names, end their schedules and files, and report to identity what remains.

    The ledger and unclaimed money remain. Payments knows an owner only by the id. A repeated request is answered again and
    removes nothing more.
    """

    uow: UnitOfWork
    wallets: WalletViews
    clock: Clock

    async def __call__(self, *, actor: Actor, request: ErasureRequest) -> None:
        wallet_ids = await self._wallets_of(request.user_id)
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            wallets = (await tx.accounts.lock(wallet_ids)).values()
            for wallet in wallets:
                await _remove_name(tx, wallet, at)
            await cancel_schedules(tx, request.user_id, reason="erased", at=at)
            await cancel_bulks(tx, request.user_id, reason="erased", at=at)
            files = (FILES,) if await tx.bulks.has_files(request.user_id) else ()
            acknowledge_erasure(tx, request, context="payments", at=at, kept=(LEDGER, *files, *_money_left(wallets)))

    async def _wallets_of(self, user_id: UUID) -> list[UUID]:
        wallet_ids: list[UUID] = []
        page = await self.wallets.of_owner(user_id, PageRequest(1, PER_PAGE_MAX))
        while page.items:
            wallet_ids += [wallet.id for wallet in page.items]
            page = await self.wallets.of_owner(user_id, PageRequest(page.page + 1, PER_PAGE_MAX))
        return wallet_ids


async def _remove_name(tx: Transaction, wallet: Account, at: datetime) -> None:
    if wallet.name:
        with tx.change(audit.WALLET, wallet, "rename", at=at, reason="erased"):
            wallet.rename("", at=at)
        await tx.wallets.save(wallet)


def _money_left(wallets: Iterable[Account]) -> tuple[str, ...]:
    holding = sorted({wallet.currency for wallet in wallets if wallet.balance})
    return (f"wallets: money of {', '.join(holding)} that was not taken out",) if holding else ()
