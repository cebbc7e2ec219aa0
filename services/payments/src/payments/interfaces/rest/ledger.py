"""The ledger itself, for staff: its accounts, and whether it adds up."""

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
from kernel.reads import NOBODY, OTHERS, SEARCH
from payments.application.ledger.queries import AccountFilter
from payments.interfaces.rest.dependencies import App
from payments.interfaces.rest.schemas.ledger import AccountResponse, TrialBalanceLineResponse, TrialBalanceResponse
from payments.interfaces.rest.schemas.transfers import ReasonRequest
from payments.interfaces.rest.schemas.wallets import PostingResponse

ledger = Router(prefix="/ledger", tags=["ledger"], moves_money=True)
accounts = Router(prefix="/accounts", tags=["accounts"])


@ledger.get("/trial-balance", dependencies=[Requires("payment:reconcile")], reads=NOBODY)
async def get_trial_balance(app: App) -> Envelope[TrialBalanceResponse]:
    """Sum all accounts by currency, each of the system's own and all wallets together; every total is zero."""
    balances = await app.queries.trial_balance()
    return envelope(TrialBalanceResponse(items=[TrialBalanceLineResponse.of(balance) for balance in balances]))


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
    """List the chart of accounts: the system's own first, then wallets, oldest first.

    Recorded with its reason, except the system's own alone (`kind=system`) and the caller's own.
    """
    wanted = AccountFilter(kind=kind, status=status, currency=currency, owner_id=owner_id)
    return page_of(await app.ledger.list_accounts(actor=actor, wanted=wanted, page=paging, reason=reason), AccountResponse.of)


@accounts.get("/{account_id}", dependencies=[Requires("payment:reconcile")], reads=OTHERS)
async def get_account(account_id: UUID, actor: CurrentActor, app: App) -> Envelope[AccountResponse]:
    """Read any account."""
    return envelope(AccountResponse.of(await app.ledger.read_account(actor=actor, account_id=account_id)))


@accounts.get("/{account_id}/postings", dependencies=[Requires("payment:reconcile")], reads=OTHERS)
async def list_account_postings(
    account_id: UUID, actor: CurrentActor, cursor: CursorPaging, app: App
) -> Envelope[CursorPageOf[PostingResponse]]:
    """Page through any account's postings, newest first. What is other people's is recorded as read."""
    page = await app.ledger.read_account.postings(actor=actor, account_id=account_id, cursor=cursor)
    return cursor_of(page, PostingResponse.of)


@accounts.post("/{account_id}/unfreeze", dependencies=[Requires("payment:reconcile")], assurance=STRONG)
async def unfreeze_account(account_id: UUID, body: ReasonRequest, actor: CurrentActor, app: App) -> Envelope[AccountResponse]:
    """Let money move again on an account of the system's own that did not add up; wallets are unfrozen as wallets."""
    return envelope(AccountResponse.of(await app.ledger.unfreeze_account(actor=actor, account_id=account_id, reason=body.reason)))
