from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.reads import Reads
from payments.application.accounts import audit
from payments.application.accounts.views import AccountView, AccountViews


@dataclass(frozen=True, slots=True)
class GetAccount:
    """Get any account. The route requires `payment:reconcile`."""

    views: AccountViews
    reads: Reads

    async def __call__(self, *, actor: Actor, account_id: UUID) -> AccountView:
        """Raise NotFound."""
        account = await self.views.find(account_id)
        if account is None:
            raise NotFound(account_id=account_id)
        if owners := audit.others(actor, [account]):
            await self.reads.record(actor, audit.read(account, "read", owners))
        return account
