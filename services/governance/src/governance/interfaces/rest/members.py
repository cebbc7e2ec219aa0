"""Routes for the members of organizations."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.rest import (
    REASON,
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
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX, App
from governance.interfaces.rest.schemas.members import (
    AddMemberRequest,
    ChangeMemberRequest,
    MemberResponse,
    MemberRolesRequest,
)
from kernel.assurance import RECENT
from kernel.errors import VersionRequired
from kernel.reads import OTHERS

members = Router("/organizations/{organization_id}/members", tags=["organizations"])


@members.get("", dependencies=[Authenticated], reads=OTHERS)
async def list_members(
    organization_id: UUID,
    actor: CurrentActor,
    page: Paging,
    app: App,
    manager_id: Annotated[UUID | None, Query(description="Only members who report to this one")] = None,
) -> Envelope[PageOf[MemberResponse]]:
    """List the members of an organization in the order of joining, for its members and for callers who may read it."""
    found = await app.members.list_members(actor=actor, organization_id=organization_id, page=page, manager_id=manager_id)
    return page_of(found, MemberResponse.of)


@members.post("", status_code=201, dependencies=[Requires("organization:manage")], assurance=RECENT)
async def add_member(
    organization_id: UUID, body: AddMemberRequest, actor: CurrentActor, app: App, response: Response
) -> Envelope[MemberResponse]:
    """Make a person a member without an invitation, such as the first administrator. Administrators of an organization invite."""
    member = await app.members.add_member(
        actor=actor,
        organization_id=organization_id,
        subject_id=body.subject_id,
        roles=body.roles,
        ends_at=body.ends_at,
        reason=body.reason,
    )
    set_etag(response, member.version)
    return envelope(MemberResponse.of(member))


@members.get("/{subject_id}", dependencies=[Authenticated], reads=OTHERS)
async def get_member(
    organization_id: UUID, subject_id: UUID, actor: CurrentActor, app: App, response: Response
) -> Envelope[MemberResponse]:
    """Get a member of an organization. Changing the membership requires its ETag in If-Match."""
    member = await app.members.get_member(actor=actor, organization_id=organization_id, subject_id=subject_id)
    set_etag(response, member.version)
    return envelope(MemberResponse.of(member))


@members.patch("/{subject_id}", dependencies=[Authenticated], assurance=RECENT)
async def change_member(
    *,
    organization_id: UUID,
    subject_id: UUID,
    body: ChangeMemberRequest,
    version: IfMatch,
    actor: CurrentActor,
    app: App,
    response: Response,
) -> Envelope[MemberResponse]:
    """Set the manager and the end of a membership, for those who manage the organization."""
    if version is None:
        raise VersionRequired(subject_id=subject_id)
    member = await app.members.change_member(
        actor=actor,
        organization_id=organization_id,
        subject_id=subject_id,
        manager_id=body.manager_id,
        ends_at=body.ends_at,
        version=version,
    )
    set_etag(response, member.version)
    return envelope(MemberResponse.of(member))


@members.put("/{subject_id}/roles", dependencies=[Authenticated], assurance=RECENT)
async def set_member_roles(
    organization_id: UUID, subject_id: UUID, body: MemberRolesRequest, actor: CurrentActor, app: App
) -> Envelope[MemberResponse]:
    """Set what a member may do for the organization, for those who manage it. You need all that the roles permit yourself."""
    member = await app.members.set_member_roles(
        actor=actor, organization_id=organization_id, subject_id=subject_id, roles=body.roles, reason=body.reason
    )
    return envelope(MemberResponse.of(member))


@members.delete("/{subject_id}", status_code=204, dependencies=[Authenticated], idempotency=False, assurance=RECENT)
async def remove_member(
    *,
    organization_id: UUID,
    subject_id: UUID,
    actor: CurrentActor,
    app: App,
    reason: Annotated[str, Query(min_length=3, max_length=REASON_LENGTH_MAX, examples=["left the company"]), REASON],
) -> None:
    """End a membership with all roles for the organization and its teams. Members may leave by themselves."""
    await app.members.remove_member(actor=actor, organization_id=organization_id, subject_id=subject_id, reason=reason)
