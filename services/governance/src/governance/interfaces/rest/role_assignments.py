"""Routes for role assignments."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.rest import REASON, CurrentActor, Envelope, PageOf, Paging, ReadReasonOfOthers, Requires, Router, envelope, page_of
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX, ROLE_PATTERN, App, RoleName
from governance.interfaces.rest.schemas.role_assignments import (
    GrantRoleRequest,
    RemainingRolesResponse,
    RoleAssignmentResponse,
    SubjectRolesResponse,
)
from kernel.assurance import RECENT
from kernel.reads import OTHERS, SEARCH

role_assignments = Router("/role-assignments", tags=["role assignments"])


@role_assignments.get("", dependencies=[Requires("role:manage")], reads=SEARCH)
async def list_role_assignments(
    actor: CurrentActor,
    page: Paging,
    app: App,
    role: Annotated[str | None, Query(pattern=ROLE_PATTERN, examples=["staff"])] = None,
    subject_id: Annotated[UUID | None, Query()] = None,
    organization_id: Annotated[UUID | None, Query(description="Only roles that are limited to this organization")] = None,
    reason: ReadReasonOfOthers = None,
) -> Envelope[PageOf[RoleAssignmentResponse]]:
    """List role assignments, newest first. You can filter by role, by subject and by organization.

    The search is recorded in the audit log and requires a reason, unless it is limited to the caller.
    """
    found = await app.role_assignments.list_role_assignments(
        actor=actor, page=page, role=role, subject_id=subject_id, organization_id=organization_id, reason=reason
    )
    return page_of(found, RoleAssignmentResponse.of)


@role_assignments.get("/{subject_id}", dependencies=[Requires("role:manage")], reads=OTHERS)
async def get_subject_roles(subject_id: UUID, actor: CurrentActor, app: App) -> Envelope[SubjectRolesResponse]:
    """Get a user's effective roles and role assignments. Reading another user's is recorded in the audit log."""
    return envelope(SubjectRolesResponse.of(await app.role_assignments.get_subject_roles(actor=actor, subject_id=subject_id)))


@role_assignments.post("", status_code=201, dependencies=[Requires("role:manage")], assurance=RECENT)
async def grant_role(
    body: GrantRoleRequest, actor: CurrentActor, app: App, response: Response
) -> Envelope[RoleAssignmentResponse]:
    """Grant a role to a user: everywhere or for one organization, from now or later on, until it is revoked or ends.

    It has immediate effect. Returns 200 and the existing assignment if the user has the role within the same limits already.
    """
    granted = await app.role_assignments.grant_role(
        actor=actor, subject_id=body.subject_id, role=body.role, limits=body.limits, reason=body.reason
    )
    if not granted.created:
        response.status_code = 200
    return envelope(RoleAssignmentResponse.of(granted.assignment))


@role_assignments.delete("/{subject_id}/{name}", dependencies=[Requires("role:manage")], assurance=RECENT)
async def revoke_role(
    *,
    subject_id: UUID,
    name: RoleName,
    actor: CurrentActor,
    app: App,
    assignment_id: Annotated[UUID | None, Query(description="Revoke only this assignment of the role")] = None,
    reason: Annotated[str | None, Query(min_length=1, max_length=REASON_LENGTH_MAX, examples=["left the desk"]), REASON] = None,
) -> Envelope[RemainingRolesResponse]:
    """Revoke a role everywhere and within limits, even if older access tokens contain it.

    Revoking a role that the user does not have changes nothing.
    """
    remaining = await app.role_assignments.revoke_role(
        actor=actor, subject_id=subject_id, role=name, assignment_id=assignment_id, reason=reason
    )
    return envelope(RemainingRolesResponse(subject_id=subject_id, roles=list(remaining)))
