from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import CursorPage, CursorRequest
from payments.application.ports.permissions import READ_ANY_WALLET, Permissions
from payments.application.wallets.queries import PostingView, WalletQueries, WalletView


@dataclass(frozen=True, slots=True)
class ReadWallets:
    """What an owner, or a person with `wallet:read_any`, may see. A stranger's wallet is as absent as one that does not exist."""

    queries: WalletQueries
    permissions: Permissions

    async def wallet(self, *, actor: Actor, wallet_id: UUID) -> WalletView:
        wallet = await self.queries.wallet(wallet_id)
        if not wallet or (wallet.owner_id != actor.user_id and not self.permissions.allows(actor, READ_ANY_WALLET)):
            raise NotFound(wallet_id=wallet_id)
        return wallet

    async def postings(self, *, actor: Actor, wallet_id: UUID, cursor: CursorRequest) -> CursorPage[PostingView]:
        await self.wallet(actor=actor, wallet_id=wallet_id)
        return await self.queries.postings(wallet_id, cursor)
