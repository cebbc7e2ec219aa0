"""Fee rules and quotes."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from chassis.rest import Authenticated, CurrentActor, Envelope, PageOf, Paging, Requires, Router, envelope, page_of
from kernel.assurance import NONE, RECENT
from kernel.money import Money
from kernel.reads import NOBODY
from payments.application.versions import RequestedPeriod
from payments.interfaces.rest.dependencies import App
from payments.interfaces.rest.schemas.fees import (
    CODE_PATTERN,
    KIND_PATTERN,
    FeeRuleHistoryResponse,
    FeeRuleRequest,
    FeeRuleResponse,
    QuoteRequest,
    QuoteResponse,
)
from payments.interfaces.rest.schemas.versions import CURRENCY_PATTERN, EndVersionRequest

fees = Router(prefix="/fees", tags=["fees"])


@fees.get("", dependencies=[Authenticated], reads=NOBODY)
async def list_fees(
    page: Paging,
    app: App,
    kind: Annotated[str | None, Query(pattern=KIND_PATTERN, examples=["transfer"])] = None,
    currency: Annotated[str | None, Query(pattern=CURRENCY_PATTERN, examples=["NAD"])] = None,
) -> Envelope[PageOf[FeeRuleResponse]]:
    """List the fee rules in force, ordered by code."""
    return page_of(await app.fees.list_fees(page=page, kind=kind, currency=currency), FeeRuleResponse.of)


@fees.get("/history", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def list_fee_history(
    page: Paging, app: App, code: Annotated[str | None, Query(pattern=CODE_PATTERN, examples=["transfer-service"])] = None
) -> Envelope[PageOf[FeeRuleHistoryResponse]]:
    """List all recorded versions, past and planned, newest first."""
    return page_of(await app.fees.list_fee_history(page=page, code=code), FeeRuleHistoryResponse.of_recorded)


@fees.post("", status_code=201, dependencies=[Requires("policy:manage")], assurance=RECENT)
async def set_fee_rule(body: FeeRuleRequest, actor: CurrentActor, app: App) -> Envelope[FeeRuleResponse]:
    """Record the next version of a fee rule. The previous version ends when this one starts."""
    rule = await app.fees.set_fee_rule(
        actor=actor, draft=body.draft, period=RequestedPeriod(since=body.valid_from, until=body.valid_until), reason=body.reason
    )
    return envelope(FeeRuleResponse.of(rule))


@fees.post("/{rule_id}/end", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def end_fee_rule(rule_id: UUID, body: EndVersionRequest, actor: CurrentActor, app: App) -> Envelope[FeeRuleResponse]:
    """End a fee rule now or at a later time. A version that has not started is cancelled."""
    rule = await app.fees.end_fee_rule(actor=actor, version_id=rule_id, until=body.valid_until, reason=body.reason)
    return envelope(FeeRuleResponse.of(rule))


@fees.post("/quote", dependencies=[Authenticated], idempotency=False, assurance=NONE)
async def quote_order(body: QuoteRequest, actor: CurrentActor, app: App) -> Envelope[QuoteResponse]:
    """Get an order's current price, the amount that would arrive, and what the order would require.

    Name both wallets to also check limits, screening and funds. For the exact result, make a dry run of the order.
    """
    quoted = await app.fees.quote_order(
        actor=actor,
        kind=body.kind,
        amount=Money.of(body.amount, body.currency),
        target_currency=body.target_currency,
        target_id=body.target_wallet_id,
        source_id=body.source_wallet_id,
    )
    return envelope(QuoteResponse.of(quoted))
