"""Routes for exceptions from separations of duties."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from chassis.rest import CurrentActor, Envelope, PageOf, Paging, ReadReason, Requires, Router, envelope, page_of
from governance.interfaces.rest.dependencies import RULE_PATTERN, App
from governance.interfaces.rest.schemas.separation_exceptions import (
    ApproveSeparationExceptionRequest,
    AskSeparationExceptionRequest,
    EndSeparationExceptionRequest,
    SeparationExceptionResponse,
)
from kernel.assurance import RECENT
from kernel.reads import SEARCH

separation_exceptions = Router("/access/separation-exceptions", tags=["access"])


@separation_exceptions.get("", dependencies=[Requires("role:manage", "policy:manage")], reads=SEARCH)
async def list_separation_exceptions(
    actor: CurrentActor,
    page: Paging,
    app: App,
    reason: ReadReason,
    separation: Annotated[str | None, Query(pattern=RULE_PATTERN, examples=["pay-and-approve"])] = None,
    subject_id: Annotated[UUID | None, Query()] = None,
) -> Envelope[PageOf[SeparationExceptionResponse]]:
    """List exceptions, newest first. The search is recorded in the audit log with its reason."""
    found = await app.separation_exceptions.list_separation_exceptions(
        actor=actor, page=page, reason=reason, separation=separation, subject_id=subject_id
    )
    return page_of(found, SeparationExceptionResponse.of)


@separation_exceptions.post("", status_code=201, dependencies=[Requires("role:manage")], assurance=RECENT)
async def ask_separation_exception(
    body: AskSeparationExceptionRequest, actor: CurrentActor, app: App
) -> Envelope[SeparationExceptionResponse]:
    """Ask that a person may have both duties until a time. It permits nothing until another person approves it."""
    exception = await app.separation_exceptions.ask_separation_exception(
        actor=actor,
        separation=body.separation,
        subject_id=body.subject_id,
        expires_at=body.expires_at,
        reason=body.reason,
    )
    return envelope(SeparationExceptionResponse.of(exception))


@separation_exceptions.post("/{exception_id}/approve", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def approve_separation_exception(
    exception_id: UUID, body: ApproveSeparationExceptionRequest, actor: CurrentActor, app: App
) -> Envelope[SeparationExceptionResponse]:
    """Approve an exception that another person asked for. Nobody approves one for themselves."""
    exception = await app.separation_exceptions.approve_separation_exception(
        actor=actor, exception_id=exception_id, reason=body.reason
    )
    return envelope(SeparationExceptionResponse.of(exception))


@separation_exceptions.post("/{exception_id}/end", dependencies=[Requires("role:manage")], assurance=RECENT)
async def end_separation_exception(
    exception_id: UUID, body: EndSeparationExceptionRequest, actor: CurrentActor, app: App
) -> Envelope[SeparationExceptionResponse]:
    """Reject an exception, or end it early. The assignments that it permitted are revoked with it."""
    exception = await app.separation_exceptions.end_separation_exception(
        actor=actor, exception_id=exception_id, reason=body.reason
    )
    return envelope(SeparationExceptionResponse.of(exception))
