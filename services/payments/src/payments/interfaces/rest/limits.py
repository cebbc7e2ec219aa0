"""Limits of tiers, and the tiers of owners."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.rest import (
    Authenticated,
    CurrentActor,
    Envelope,
    IfMatch,
    PageOf,
    Paging,
    Requires,
    Router,
    envelope,
    page_of,
    set_etag,
)
from kernel.assurance import RECENT
from kernel.reads import NOBODY, OTHERS, OWN
from payments.application.versions import RequestedPeriod
from payments.domain.limits import STANDARD_TIER
from payments.interfaces.rest.dependencies import App
from payments.interfaces.rest.schemas.limits import (
    TIER_PATTERN,
    AssignTierRequest,
    LimitHistoryResponse,
    LimitRequest,
    LimitResponse,
    MyLimitsResponse,
    TierResponse,
)
from payments.interfaces.rest.schemas.versions import CURRENCY_PATTERN, EndVersionRequest

limits = Router(prefix="/limits", tags=["limits"])

TierFilter = Annotated[str | None, Query(pattern=TIER_PATTERN, examples=["standard"])]
CurrencyFilter = Annotated[str | None, Query(pattern=CURRENCY_PATTERN, examples=["NAD"])]


@limits.get("", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def list_limits(
    page: Paging, app: App, tier: TierFilter = None, currency: CurrencyFilter = None
) -> Envelope[PageOf[LimitResponse]]:
    """List the limits in force of every tier."""
    return page_of(await app.limits.list_limits(page=page, tier=tier, currency=currency), LimitResponse.of)


@limits.get("/mine", dependencies=[Authenticated], reads=OWN)
async def list_my_limits(actor: CurrentActor, app: App) -> Envelope[MyLimitsResponse]:
    """List the caller's limits by currency: spent, left, and when the period renews. A missing limit is null."""
    return envelope(MyLimitsResponse.of(await app.limits.list_my_limits(actor=actor)))


@limits.get("/history", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def list_limit_history(
    page: Paging, app: App, tier: TierFilter = None, currency: CurrencyFilter = None
) -> Envelope[PageOf[LimitHistoryResponse]]:
    """List all recorded versions, past and planned, newest first."""
    return page_of(await app.limits.list_limit_history(page=page, tier=tier, currency=currency), LimitHistoryResponse.of_recorded)


@limits.post("", status_code=201, dependencies=[Requires("policy:manage")], assurance=RECENT)
async def set_limit(body: LimitRequest, actor: CurrentActor, app: App) -> Envelope[LimitResponse]:
    """Record the next limits of a tier in a currency. The previous limits end when these start."""
    limit = await app.limits.set_limit(
        actor=actor, draft=body.draft, period=RequestedPeriod(since=body.valid_from, until=body.valid_until), reason=body.reason
    )
    return envelope(LimitResponse.of(limit))


@limits.post("/{limit_id}/end", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def end_limit(limit_id: UUID, body: EndVersionRequest, actor: CurrentActor, app: App) -> Envelope[LimitResponse]:
    """End a limit now or at a later time. Without a limit, the tier is unlimited in that currency."""
    limit = await app.limits.end_limit(actor=actor, version_id=limit_id, until=body.valid_until, reason=body.reason)
    return envelope(LimitResponse.of(limit))


@limits.get("/tiers/{owner_id}", dependencies=[Requires("policy:manage")], reads=OTHERS)
async def get_tier(owner_id: UUID, actor: CurrentActor, app: App, response: Response) -> Envelope[TierResponse]:
    """Get an owner's tier; the default is `standard`. Reads of another owner's tier are recorded."""
    assigned = await app.limits.get_tier(actor=actor, owner_id=owner_id)
    tier = TierResponse.of(assigned) if assigned else TierResponse(owner_id=owner_id, tier=STANDARD_TIER, version=0)
    set_etag(response, tier.version)
    return envelope(tier)


@limits.put("/tiers/{owner_id}", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def assign_tier(
    *, owner_id: UUID, body: AssignTierRequest, version: IfMatch, actor: CurrentActor, app: App, response: Response
) -> Envelope[TierResponse]:
    """Assign an owner to a tier. Its limits apply from the next transfer."""
    tier = await app.limits.assign_tier(actor=actor, owner_id=owner_id, tier=body.tier, version=version, reason=body.reason)
    set_etag(response, tier.version)
    return envelope(TierResponse.of(tier))
