"""Limits by tier, and owners' tiers."""

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
    """List the limits in force, of every tier."""
    return page_of(await app.limits.list_limits(page=page, tier=tier, currency=currency), LimitResponse.of)


@limits.get("/mine", dependencies=[Authenticated], reads=OWN)
async def list_my_limits(actor: CurrentActor, app: App) -> Envelope[MyLimitsResponse]:
    """List the caller's limits by currency: what is spent, what is left, and when it renews. No limit: null."""
    return envelope(MyLimitsResponse.of(await app.limits.list_my_limits(actor=actor)))


@limits.get("/history", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def list_limit_history(
    page: Paging, app: App, tier: TierFilter = None, currency: CurrencyFilter = None
) -> Envelope[PageOf[LimitHistoryResponse]]:
    """List every version ever recorded, past and planned, the newest first."""
    return page_of(await app.limits.list_limit_history(page=page, tier=tier, currency=currency), LimitHistoryResponse.of_recorded)


@limits.post("", status_code=201, dependencies=[Requires("policy:manage")], assurance=RECENT)
async def set_limit(body: LimitRequest, actor: CurrentActor, app: App) -> Envelope[LimitResponse]:
    """Record the next limits of a tier in a currency; those before end where these begin."""
    limit = await app.limits.set_limit(
        actor=actor, draft=body.draft, period=RequestedPeriod(since=body.valid_from, until=body.valid_until), reason=body.reason
    )
    return envelope(LimitResponse.of(limit))


@limits.post("/{limit_id}/end", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def end_limit(limit_id: UUID, body: EndVersionRequest, actor: CurrentActor, app: App) -> Envelope[LimitResponse]:
    """End a version, now or at a later time: without one, the tier is unlimited in its currency."""
    limit = await app.limits.end_limit(actor=actor, version_id=limit_id, until=body.valid_until, reason=body.reason)
    return envelope(LimitResponse.of(limit))


@limits.get("/tiers/{owner_id}", dependencies=[Requires("policy:manage")], reads=OTHERS)
async def get_tier(owner_id: UUID, actor: CurrentActor, app: App, response: Response) -> Envelope[TierResponse]:
    """Read an owner's tier, by default the standard one. Reading another's is recorded."""
    assigned = await app.limits.get_tier(actor=actor, owner_id=owner_id)
    tier = TierResponse.of(assigned) if assigned else TierResponse(owner_id=owner_id, tier=STANDARD_TIER, version=0)
    set_etag(response, tier.version)
    return envelope(tier)


@limits.put("/tiers/{owner_id}", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def assign_tier(
    *, owner_id: UUID, body: AssignTierRequest, version: IfMatch, actor: CurrentActor, app: App, response: Response
) -> Envelope[TierResponse]:
    """Put an owner into a tier; its limits hold from the next transfer on."""
    tier = await app.limits.assign_tier(actor=actor, owner_id=owner_id, tier=body.tier, version=version, reason=body.reason)
    set_etag(response, tier.version)
    return envelope(TierResponse.of(tier))
