from dataclasses import dataclass, replace
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from payments.application.accounts import audit
from payments.application.accounts.views import AccountView, AccountViews
from payments.application.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class UnfreezeAccount:
    """Unfreeze a system account that the ledger's check froze because it did not add up."""

    uow: UnitOfWork
    views: AccountViews
    clock: Clock

    async def __call__(self, *, actor: Actor, account_id: UUID, reason: str) -> AccountView:
        """Return the changed account. Raise NotFrozen, or NotFound, also for wallets (see UnfreezeWallet)."""
        view = await self.views.find(account_id)
        if view is None:
            raise NotFound(account_id=account_id)
        async with self.uow.begin(actor) as tx:
            account = (await tx.accounts.lock([account_id])).get(account_id)
            if account is None or account.is_wallet:
                raise NotFound(account_id=account_id)
            with tx.change(audit.ACCOUNT, account, "unfreeze", at=self.clock.now(), reason=reason) as at:
                account.unfreeze(reason, at=at)
            await tx.accounts.save_state(account)
            return replace(view, status=account.status.value, status_reason=reason, version=account.version)
