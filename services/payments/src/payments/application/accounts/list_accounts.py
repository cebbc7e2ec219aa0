from dataclasses import dataclass

from kernel.actor import Actor
from kernel.pages import Page, PageRequest
from kernel.reads import Reads, ReasonRequired
from payments.application.accounts import audit
from payments.application.accounts.views import AccountFilter, AccountView, AccountViews


@dataclass(frozen=True, slots=True)
class ListAccounts:
    """Page through the chart of accounts. People's wallets are among them, unless the system's own alone are asked for."""

    views: AccountViews
    reads: Reads

    async def __call__(
        self, *, actor: Actor, wanted: AccountFilter, page: PageRequest, reason: str | None = None
    ) -> Page[AccountView]:
        """Raise ReasonRequired where another person's accounts may be among those listed."""
        is_search = wanted.kind != "system" and wanted.owner_id != actor.user_id
        if is_search and reason is None:
            raise ReasonRequired
        accounts = await self.views.search(wanted, page)
        if is_search:
            owners = audit.others(actor, accounts.items)
            await self.reads.record(actor, audit.listed(wanted, owners, shown=len(accounts.items), reason=reason))
        return accounts
