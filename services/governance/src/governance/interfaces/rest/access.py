"""Routes for questions about access: who may do what, why, and what a change would do."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from chassis.rest import (
    Authenticated,
    CurrentActor,
    CursorPageOf,
    CursorPaging,
    Envelope,
    Moment,
    ReadReason,
    Requires,
    Router,
    cursor_of,
    envelope,
)
from governance.application.access.preview_assignment import Change
from governance.domain.limits import Limits
from governance.interfaces.rest.dependencies import PERMISSION_PATTERN, ROLE_PATTERN, App
from governance.interfaces.rest.schemas.access import (
    ExplanationResponse,
    PermissionHolderResponse,
    PreviewResponse,
    UserAccessResponse,
)
from kernel.reads import OTHERS, SEARCH

access = Router("/access", tags=["access"])

PermissionAsked = Annotated[str, Query(pattern=PERMISSION_PATTERN, examples=["payment:approve"])]
OrganizationAsked = Annotated[UUID | None, Query(description="With what belongs to this organization. Omitted: everywhere")]


@access.get("/users/{subject_id}", dependencies=[Authenticated], reads=OTHERS)
async def get_user_access(subject_id: UUID, actor: CurrentActor, app: App) -> Envelope[UserAccessResponse]:
    """Get all permissions of a person with the ways that grant each, also those that start later.

    Everybody may read their own; those of others require `role:manage`.
    """
    return envelope(UserAccessResponse.of(await app.access.get_user_access(actor=actor, subject_id=subject_id)))


@access.get("/explain", dependencies=[Requires("role:manage")], reads=OTHERS)
async def explain_access(
    subject_id: UUID, permission: PermissionAsked, actor: CurrentActor, app: App, organization_id: OrganizationAsked = None
) -> Envelope[ExplanationResponse]:
    """Explain whether a person may do something now, and by which role, or what is missing."""
    found = await app.access.explain_access(
        actor=actor, subject_id=subject_id, permission=permission, organization_id=organization_id
    )
    return envelope(ExplanationResponse.of(found))


@access.get("/who-can", dependencies=[Requires("role:manage")], reads=SEARCH)
async def list_who_can(
    permission: PermissionAsked,
    actor: CurrentActor,
    cursor: CursorPaging,
    app: App,
    reason: ReadReason,
    organization_id: OrganizationAsked = None,
) -> Envelope[CursorPageOf[PermissionHolderResponse]]:
    """List the people who may do something now, one line for each assignment that permits it, in the order of their ids.

    The search is recorded in the audit log. People who were never assigned a role have the default role and are not listed.
    """
    found = await app.access.list_who_can(
        actor=actor, permission=permission, cursor=cursor, reason=reason, organization_id=organization_id
    )
    return cursor_of(found, PermissionHolderResponse.of)


@access.get("/preview", dependencies=[Requires("role:manage")], reads=OTHERS)
async def preview_assignment(
    *,
    change: Annotated[Change, Query(description="What is rehearsed; nothing is changed", examples=["grant"])],
    subject_id: UUID,
    role: Annotated[str, Query(pattern=ROLE_PATTERN, examples=["staff"])],
    actor: CurrentActor,
    app: App,
    organization_id: Annotated[UUID | None, Query(description="The limits of the role that would be granted")] = None,
    team_id: Annotated[UUID | None, Query(description="A team of the organization")] = None,
    starts_at: Annotated[Moment | None, Query()] = None,
    ends_at: Annotated[Moment | None, Query()] = None,
) -> Envelope[PreviewResponse]:
    """Show what a person would gain and lose if a role were granted or revoked, or why that is refused."""
    preview = await app.access.preview_assignment(
        actor=actor, change=change, subject_id=subject_id, role=role, limits=Limits(organization_id, starts_at, ends_at, team_id)
    )
    return envelope(PreviewResponse.of(preview))
