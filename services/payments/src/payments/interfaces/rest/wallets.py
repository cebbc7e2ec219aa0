"""Wallets and their history, and the ledger's own check."""

from uuid import UUID

from chassis.rest import (
    Authenticated,
    CurrentActor,
    CursorPageOf,
    CursorPaging,
    Envelope,
    PageOf,
    Paging,
    Requires,
    Router,
    cursor_of,
    envelope,
    page_of,
)
from payments.interfaces.rest.dependencies import App
from payments.interfaces.rest.schemas.ledger import TrialBalanceLineResponse, TrialBalanceResponse
from payments.interfaces.rest.schemas.wallets import PostingResponse, WalletResponse

wallets = Router(prefix="/wallets", tags=["wallets"])
ledger = Router(prefix="/ledger", tags=["ledger"])


@wallets.get("", dependencies=[Authenticated])
async def list_wallets(actor: CurrentActor, paging: Paging, app: App) -> Envelope[PageOf[WalletResponse]]:
    """List the caller's wallets, oldest first."""
    return page_of(await app.queries.wallets_of(actor.user_id, paging), WalletResponse.of)


@wallets.get("/{wallet_id}", dependencies=[Authenticated])
async def get_wallet(wallet_id: UUID, actor: CurrentActor, app: App) -> Envelope[WalletResponse]:
    """Read one of the caller's wallets."""
    return envelope(WalletResponse.of(await app.wallets.read_wallets.wallet(actor=actor, wallet_id=wallet_id)))


@wallets.get("/{wallet_id}/postings", dependencies=[Authenticated])
async def list_postings(
    wallet_id: UUID, actor: CurrentActor, cursor: CursorPaging, app: App
) -> Envelope[CursorPageOf[PostingResponse]]:
    """Page through a wallet's postings, newest first, each with the balance it left."""
    return cursor_of(await app.wallets.read_wallets.postings(actor=actor, wallet_id=wallet_id, cursor=cursor), PostingResponse.of)


@ledger.get("/trial-balance", dependencies=[Requires("payment:reconcile")])
async def get_trial_balance(app: App) -> Envelope[TrialBalanceResponse]:
    """Sum all accounts by currency; every total is zero."""
    lines = await app.queries.trial_balance()
    return envelope(TrialBalanceResponse(items=[TrialBalanceLineResponse.of(line) for line in lines]))
