"""Routes for separations of duties."""

from typing import Annotated

from fastapi import Path, Query, Response

from chassis.rest import (
    REASON,
    CurrentActor,
    CursorPageOf,
    CursorPaging,
    Envelope,
    IfMatch,
    IfMatchOrNew,
    PageOf,
    Paging,
    ReadReason,
    Requires,
    Router,
    cursor_of,
    envelope,
    page_of,
    set_etag,
)
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX, RULE_PATTERN, App
from governance.interfaces.rest.schemas.separations import DutyConflictResponse, SeparationRequest, SeparationResponse
from kernel.assurance import RECENT
from kernel.reads import NOBODY, SEARCH

separations = Router("/access/separations", tags=["access"])

SeparationName = Annotated[str, Path(pattern=RULE_PATTERN, examples=["pay-and-approve"])]


@separations.get("", dependencies=[Requires("role:manage", "policy:manage")], reads=NOBODY)
async def list_separations(page: Paging, app: App) -> Envelope[PageOf[SeparationResponse]]:
    """List the separations of duties in force, by name."""
    return page_of(await app.separations.list_separations(page=page), SeparationResponse.of)


@separations.get("/{name}", dependencies=[Requires("role:manage", "policy:manage")], reads=NOBODY)
async def get_separation(name: SeparationName, app: App, response: Response) -> Envelope[SeparationResponse]:
    """Get a separation, including a withdrawn one. Changing it requires its ETag in If-Match."""
    separation = await app.separations.get_separation(name=name)
    set_etag(response, separation.version)
    return envelope(SeparationResponse.of(separation))


@separations.put("/{name}", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def set_separation(
    *, name: SeparationName, body: SeparationRequest, version: IfMatchOrNew, actor: CurrentActor, app: App, response: Response
) -> Envelope[SeparationResponse]:
    """Create a separation of duties, or replace one with If-Match.

    From then on, no role and no person gets both permissions for the same scope. People who have both stay so, and are listed as
    conflicts.
    """
    separation = await app.separations.set_separation(
        actor=actor, name=name, duties=body.duties, version=version, reason=body.reason
    )
    set_etag(response, separation.version)
    return envelope(SeparationResponse.of(separation))


@separations.delete("/{name}", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def withdraw_separation(
    *,
    name: SeparationName,
    version: IfMatch,
    actor: CurrentActor,
    app: App,
    reason: Annotated[str, Query(min_length=3, max_length=REASON_LENGTH_MAX, examples=["replaced by another"]), REASON],
) -> Envelope[SeparationResponse]:
    """Withdraw a separation. It stays readable; withdrawing it again changes nothing."""
    separation = await app.separations.withdraw_separation(actor=actor, name=name, version=version, reason=reason)
    return envelope(SeparationResponse.of(separation))


@separations.get("/{name}/conflicts", dependencies=[Requires("role:manage", "policy:manage")], reads=SEARCH)
async def list_duty_conflicts(
    name: SeparationName, actor: CurrentActor, cursor: CursorPaging, app: App, reason: ReadReason
) -> Envelope[CursorPageOf[DutyConflictResponse]]:
    """List the people who have both duties, now or later: from before it was made, or by an exception."""
    found = await app.separations.list_duty_conflicts(actor=actor, name=name, cursor=cursor, reason=reason)
    return cursor_of(found, DutyConflictResponse.of)
