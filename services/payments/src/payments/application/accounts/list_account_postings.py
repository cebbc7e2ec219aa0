from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import Reads
from payments.application.accounts import audit
from payments.application.accounts.views import AccountViews, PostingView


@dataclass(frozen=True, slots=True)
class ListAccountPostings:
    """List any account's postings, newest first. Postings of system accounts show the users on the other side."""

    views: AccountViews
    reads: Reads

    async def __call__(self, *, actor: Actor, account_id: UUID, cursor: CursorRequest) -> CursorPage[PostingView]:
        """Raise NotFound."""
        account = await self.views.find(account_id)
        if account is None:
            raise NotFound(account_id=account_id)
        page = await self.views.postings(account_id, cursor)
        owners: Collection[UUID] = audit.others(actor, [account])
        if account.owner_id is None:
            counterparties = {posting.counterparty_id for posting in page.items}
            owners = await self.views.owners(counterparties) - {actor.user_id}
        if owners:
            await self.reads.record(actor, audit.read(account, "read_postings", owners))
        return page
