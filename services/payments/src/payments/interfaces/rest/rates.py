"""Exchange rates."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from chassis.rest import Authenticated, CurrentActor, Envelope, PageOf, Paging, Requires, Router, envelope, page_of
from kernel.assurance import RECENT
from kernel.reads import NOBODY
from payments.application.versions import RequestedPeriod
from payments.interfaces.rest.dependencies import App
from payments.interfaces.rest.schemas.rates import RateHistoryResponse, RateRequest, RateResponse
from payments.interfaces.rest.schemas.versions import CURRENCY_PATTERN, EndVersionRequest

rates = Router(prefix="/rates", tags=["rates"])

Base = Annotated[str | None, Query(pattern=CURRENCY_PATTERN, examples=["NAD"])]
Quote = Annotated[str | None, Query(pattern=CURRENCY_PATTERN, examples=["USD"])]


@rates.get("", dependencies=[Authenticated], reads=NOBODY)
async def list_rates(page: Paging, app: App, base: Base = None, quote: Quote = None) -> Envelope[PageOf[RateResponse]]:
    """List the exchange rates in force. Each is for one direction."""
    return page_of(await app.rates.list_rates(page=page, base=base, quote=quote), RateResponse.of)


@rates.get("/history", dependencies=[Requires("payment:reconcile")], reads=NOBODY)
async def list_rate_history(
    page: Paging, app: App, base: Base = None, quote: Quote = None
) -> Envelope[PageOf[RateHistoryResponse]]:
    """List all recorded versions, past and planned, newest first."""
    return page_of(await app.rates.list_rate_history(page=page, base=base, quote=quote), RateHistoryResponse.of_recorded)


@rates.post("", status_code=201, dependencies=[Requires("payment:reconcile")], assurance=RECENT)
async def set_rate(body: RateRequest, actor: CurrentActor, app: App) -> Envelope[RateResponse]:
    """Record the next exchange rate of a currency pair. The previous rate ends when this one starts."""
    rate = await app.rates.set_rate(
        actor=actor, draft=body.draft, period=RequestedPeriod(since=body.valid_from, until=body.valid_until), reason=body.reason
    )
    return envelope(RateResponse.of(rate))


@rates.post("/{rate_id}/end", dependencies=[Requires("payment:reconcile")], assurance=RECENT)
async def end_rate(rate_id: UUID, body: EndVersionRequest, actor: CurrentActor, app: App) -> Envelope[RateResponse]:
    """End an exchange rate now or at a later time. Without a rate, conversions are refused."""
    rate = await app.rates.end_rate(actor=actor, version_id=rate_id, until=body.valid_until, reason=body.reason)
    return envelope(RateResponse.of(rate))
