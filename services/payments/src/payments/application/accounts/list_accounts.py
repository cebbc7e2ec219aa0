from dataclasses import dataclass

from kernel.actor import Actor
from kernel.pages import Page, PageRequest
from kernel.reads import Reads, ReasonRequired
from payments.application.accounts import audit
from payments.application.accounts.views import AccountFilter, AccountView, AccountViews


@dataclass(frozen=True, slots=True)
class ListAccounts:
    """List the chart of accounts, including users' wallets unless only system accounts are requested."""

    views: AccountViews
    reads: Reads

    async def __call__(
        self, *, actor: Actor, wanted: AccountFilter, page: PageRequest, reason: str | None = None
    ) -> Page[AccountView]:
        """Raise ReasonRequired if another person's accounts may be listed."""
        is_search = wanted.kind != "system" and wanted.owner_id != actor.user_id
        if is_search and reason is None:
            raise ReasonRequired
        accounts = await self.views.search(wanted, page)
        if is_search:
            owners = audit.others(actor, accounts.items)
            await self.reads.record(actor, audit.listed(wanted, owners, shown=len(accounts.items), reason=reason))
        return accounts
