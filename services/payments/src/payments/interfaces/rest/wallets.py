"""Wallets and their postings."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.rest import (
    Authenticated,
    CurrentActor,
    CursorPageOf,
    CursorPaging,
    Envelope,
    IfMatch,
    Moment,
    PageOf,
    Paging,
    Requires,
    Router,
    cursor_of,
    envelope,
    page_of,
    set_etag,
)
from kernel.assurance import NONE, RECENT, STRONG
from kernel.money import amount_text
from kernel.reads import OTHERS, OWN
from payments.application.wallets.views import WalletView
from payments.domain.account import Account
from payments.interfaces.rest.dependencies import PAYS, App
from payments.interfaces.rest.schemas.accounts import PostingResponse
from payments.interfaces.rest.schemas.wallets import (
    BalanceResponse,
    FreezeWalletRequest,
    OpenWalletRequest,
    RenameWalletRequest,
    WalletCeilingRequest,
    WalletResponse,
    WalletUsageRequest,
)

wallets = Router(prefix="/wallets", tags=["wallets"])


@wallets.get("", dependencies=[Authenticated], reads=OWN)
async def list_wallets(actor: CurrentActor, paging: Paging, app: App) -> Envelope[PageOf[WalletResponse]]:
    """List the caller's wallets, oldest first."""
    return page_of(await app.wallets.list_wallets(actor=actor, page=paging), WalletResponse.of)


@wallets.post("", status_code=201, dependencies=[PAYS], assurance=NONE)
async def open_wallet(body: OpenWalletRequest, actor: CurrentActor, app: App) -> Envelope[WalletResponse]:
    """Open another wallet, in any currency."""
    return _response_of(await app.wallets.open_wallet(actor=actor, currency=body.currency, name=body.name))


@wallets.get("/{wallet_id}", dependencies=[Authenticated], reads=OTHERS)
async def get_wallet(wallet_id: UUID, actor: CurrentActor, response: Response, app: App) -> Envelope[WalletResponse]:
    """Get one of the caller's wallets, or any wallet with `wallet:read_any`. Every posting changes the ETag.

    Reads of another user's wallet are recorded.
    """
    wallet = await app.wallets.get_wallet(actor=actor, wallet_id=wallet_id)
    set_etag(response, wallet.version)
    return envelope(WalletResponse.of(wallet))


@wallets.patch("/{wallet_id}", dependencies=[Authenticated], assurance=NONE)
async def rename_wallet(wallet_id: UUID, body: RenameWalletRequest, actor: CurrentActor, app: App) -> Envelope[WalletResponse]:
    """Rename one of the caller's wallets."""
    return _response_of(await app.wallets.rename_wallet(actor=actor, wallet_id=wallet_id, name=body.name))


@wallets.delete("/{wallet_id}", dependencies=[Authenticated], assurance=NONE)
async def close_wallet(wallet_id: UUID, actor: CurrentActor, app: App) -> Envelope[WalletResponse]:
    """Close one of the caller's wallets permanently. It must be empty, without holds from it or to it."""
    return _response_of(await app.wallets.close_wallet(actor=actor, wallet_id=wallet_id))


@wallets.get("/{wallet_id}/balance", dependencies=[Authenticated], reads=OTHERS)
async def get_balance(
    wallet_id: UUID,
    actor: CurrentActor,
    app: App,
    as_of: Annotated[Moment, Query(examples=["2026-03-01T00:00:00Z"], description="Includes all postings before it")],
) -> Envelope[BalanceResponse]:
    """Get the balance of a wallet at a past moment."""
    balance, currency = await app.wallets.get_balance(actor=actor, wallet_id=wallet_id, at=as_of)
    return envelope(BalanceResponse(wallet_id=wallet_id, as_of=as_of, balance=amount_text(balance, currency), currency=currency))


@wallets.get("/{wallet_id}/postings", dependencies=[Authenticated], reads=OTHERS)
async def list_postings(
    wallet_id: UUID, actor: CurrentActor, cursor: CursorPaging, app: App
) -> Envelope[CursorPageOf[PostingResponse]]:
    """List a wallet's postings, newest first, each with the resulting balance."""
    page = await app.wallets.list_postings(actor=actor, wallet_id=wallet_id, cursor=cursor)
    return cursor_of(page, PostingResponse.of)


@wallets.post("/{wallet_id}/freeze", dependencies=[Requires("payment:reconcile")], assurance=RECENT)
async def freeze_wallet(wallet_id: UUID, body: FreezeWalletRequest, actor: CurrentActor, app: App) -> Envelope[WalletResponse]:
    """Stop all movements on a wallet until it is unfrozen."""
    return _response_of(await app.wallets.freeze_wallet(actor=actor, wallet_id=wallet_id, reason=body.reason))


@wallets.post("/{wallet_id}/unfreeze", dependencies=[Requires("payment:reconcile")], assurance=STRONG)
async def unfreeze_wallet(wallet_id: UUID, body: FreezeWalletRequest, actor: CurrentActor, app: App) -> Envelope[WalletResponse]:
    """Unfreeze a wallet, so that its money can move again."""
    return _response_of(await app.wallets.unfreeze_wallet(actor=actor, wallet_id=wallet_id, reason=body.reason))


@wallets.put("/{wallet_id}/ceiling", dependencies=[Requires("payment:reconcile")], assurance=RECENT)
async def set_ceiling(
    wallet_id: UUID, body: WalletCeilingRequest, version: IfMatch, actor: CurrentActor, app: App, response: Response
) -> Envelope[WalletResponse]:
    """Set the highest balance that a wallet may hold. Requires If-Match with the wallet's ETag."""
    wallet = await app.wallets.set_ceiling(
        actor=actor, wallet_id=wallet_id, ceiling=body.amount, version=version, reason=body.reason
    )
    set_etag(response, wallet.version)
    return _response_of(wallet)


@wallets.put("/{wallet_id}/usage", dependencies=[Requires("payment:reconcile")], assurance=RECENT)
async def set_wallet_usage(
    wallet_id: UUID, body: WalletUsageRequest, version: IfMatch, actor: CurrentActor, app: App, response: Response
) -> Envelope[WalletResponse]:
    """Set a wallet's usage to merchant or personal. Earlier orders do not change.

    Requires If-Match with the wallet's ETag.
    """
    wallet = await app.wallets.set_wallet_usage(
        actor=actor, wallet_id=wallet_id, usage=body.usage, version=version, reason=body.reason
    )
    set_etag(response, wallet.version)
    return _response_of(wallet)


def _response_of(wallet: Account) -> Envelope[WalletResponse]:
    # Return what was written instead of reading it again: a keyed request commits only together with its response.
    return envelope(WalletResponse.of(WalletView.of(wallet)))
