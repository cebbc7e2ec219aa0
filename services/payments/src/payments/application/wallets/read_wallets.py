from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import Reads, ReasonRequired
from payments.application.ports.permissions import READ_ANY_WALLET, Permissions
from payments.application.wallets import facts
from payments.application.wallets.queries import PostingView, WalletQueries, WalletView


@dataclass(frozen=True, slots=True)
class ReadWallets:
    """Wallets, for their owners and with `wallet:read_any`, which is recorded; to others there is none."""

    queries: WalletQueries
    permissions: Permissions
    reads: Reads

    async def wallet(
        self, *, actor: Actor, wallet_id: UUID, verb: str = "read", reason: str | None = None, reason_required: bool = False
    ) -> WalletView:
        """Raise NotFound, or ReasonRequired for another's when `reason_required`. `verb` says what was read."""
        wallet = await self.queries.wallet(wallet_id)
        if not wallet or (wallet.owner_id != actor.user_id and not self.permissions.allows(actor, READ_ANY_WALLET)):
            raise NotFound(wallet_id=wallet_id)
        if wallet.owner_id != actor.user_id:
            if reason_required and reason is None:
                raise ReasonRequired
            await self.reads.record(actor, facts.read(wallet, verb, reason=reason))
        return wallet

    async def postings(self, *, actor: Actor, wallet_id: UUID, cursor: CursorRequest) -> CursorPage[PostingView]:
        await self.wallet(actor=actor, wallet_id=wallet_id, verb="read_postings")
        return await self.queries.postings(wallet_id, cursor)
