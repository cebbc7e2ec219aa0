from dataclasses import dataclass
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import CursorPage, CursorRequest
from payments.application.wallets.queries import PostingView, WalletQueries, WalletView

# Whose work it is to look at other people's money.
READERS_OF_OTHERS: Final = frozenset({"admin", "staff"})


@dataclass(frozen=True, slots=True)
class ReadWallets:
    """What an owner, or staff, may see. A stranger's wallet is as absent as one that does not exist."""

    queries: WalletQueries

    async def wallet(self, *, actor: Actor, wallet_id: UUID) -> WalletView:
        wallet = await self.queries.wallet(wallet_id)
        if not wallet or (wallet.owner_id != actor.user_id and READERS_OF_OTHERS.isdisjoint(actor.roles)):
            raise NotFound(wallet_id=wallet_id)
        return wallet

    async def postings(self, *, actor: Actor, wallet_id: UUID, cursor: CursorRequest) -> CursorPage[PostingView]:
        await self.wallet(actor=actor, wallet_id=wallet_id)
        return await self.queries.postings(wallet_id, cursor)
