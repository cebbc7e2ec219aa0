from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.pages import CursorPage, CursorRequest
from payments.application.accounts.views import AccountViews, PostingView
from payments.application.wallets.find_wallet import FindWallet


@dataclass(frozen=True, slots=True)
class ListPostings:
    """List a wallet's postings, newest first, for its owner or with `wallet:read_any`."""

    find_wallet: FindWallet
    accounts: AccountViews

    async def __call__(self, *, actor: Actor, wallet_id: UUID, cursor: CursorRequest) -> CursorPage[PostingView]:
        """Raise NotFound."""
        await self.find_wallet(actor=actor, wallet_id=wallet_id, verb="read_postings")
        return await self.accounts.postings(wallet_id, cursor)
