"""The accounts of the ledger, for staff."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query

from chassis.rest import (
    CurrentActor,
    CursorPageOf,
    CursorPaging,
    Envelope,
    PageOf,
    Paging,
    ReadReasonOfOthers,
    Requires,
    Router,
    cursor_of,
    envelope,
    page_of,
)
from kernel.assurance import STRONG
from kernel.reads import OTHERS, SEARCH
from payments.application.accounts.views import AccountFilter
from payments.interfaces.rest.dependencies import App
from payments.interfaces.rest.schemas.accounts import AccountResponse, PostingResponse
from payments.interfaces.rest.schemas.transfers import ReasonRequest

accounts = Router(prefix="/accounts", tags=["accounts"])


@accounts.get("", dependencies=[Requires("payment:reconcile")], reads=SEARCH)
async def list_accounts(  # each is a filter of the query string
    actor: CurrentActor,
    paging: Paging,
    app: App,
    kind: Literal["wallet", "system"] | None = None,
    status: Literal["open", "frozen", "closed"] | None = None,
    currency: Annotated[str | None, Query(pattern=r"^[A-Z]{3}$")] = None,
    owner_id: UUID | None = None,
    reason: ReadReasonOfOthers = None,
) -> Envelope[PageOf[AccountResponse]]:
    """List the chart of accounts: system accounts first, then wallets, oldest first.

    The read is recorded with its reason, unless it lists only system accounts (`kind=system`) or only the caller's own.
    """
    wanted = AccountFilter(kind=kind, status=status, currency=currency, owner_id=owner_id)
    page = await app.accounts.list_accounts(actor=actor, wanted=wanted, page=paging, reason=reason)
    return page_of(page, AccountResponse.of)


@accounts.get("/{account_id}", dependencies=[Requires("payment:reconcile")], reads=OTHERS)
async def get_account(account_id: UUID, actor: CurrentActor, app: App) -> Envelope[AccountResponse]:
    """Get any account."""
    return envelope(AccountResponse.of(await app.accounts.get_account(actor=actor, account_id=account_id)))


@accounts.get("/{account_id}/postings", dependencies=[Requires("payment:reconcile")], reads=OTHERS)
async def list_account_postings(
    account_id: UUID, actor: CurrentActor, cursor: CursorPaging, app: App
) -> Envelope[CursorPageOf[PostingResponse]]:
    """List the postings of any account, newest first. Reads of other people's accounts are recorded."""
    page = await app.accounts.list_account_postings(actor=actor, account_id=account_id, cursor=cursor)
    return cursor_of(page, PostingResponse.of)


@accounts.post("/{account_id}/unfreeze", dependencies=[Requires("payment:reconcile")], assurance=STRONG)
async def unfreeze_account(account_id: UUID, body: ReasonRequest, actor: CurrentActor, app: App) -> Envelope[AccountResponse]:
    """Unfreeze a system account that was frozen because it did not add up. To unfreeze a wallet, use its own operation."""
    account = await app.accounts.unfreeze_account(actor=actor, account_id=account_id, reason=body.reason)
    return envelope(AccountResponse.of(account))
