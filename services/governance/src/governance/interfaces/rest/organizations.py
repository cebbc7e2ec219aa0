"""Routes for organizations."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.rest import (
    ONE_LINE,
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
from governance.application.organizations.views import OrganizationFilter
from governance.domain.organization import OrganizationKind, OrganizationStatus
from governance.interfaces.rest.dependencies import App
from governance.interfaces.rest.schemas.organizations import (
    ChangeOrganizationRequest,
    CreateOrganizationRequest,
    OrganizationReasonRequest,
    OrganizationResponse,
)
from kernel.assurance import RECENT
from kernel.errors import VersionRequired
from kernel.reads import NOBODY

organizations = Router("/organizations", tags=["organizations"])


@organizations.get("", dependencies=[Authenticated], reads=NOBODY)
async def list_organizations(
    actor: CurrentActor,
    page: Paging,
    app: App,
    kind: OrganizationKind | None = None,
    status: OrganizationStatus | None = None,
    parent_id: Annotated[UUID | None, Query(description="Only parts of this organization")] = None,
    text: Annotated[
        str | None, Query(min_length=2, max_length=80, description="A part of the name, or the registration number"), ONE_LINE
    ] = None,
) -> Envelope[PageOf[OrganizationResponse]]:
    """List organizations by name: all for callers with `organization:read_any`, otherwise those they are members of."""
    wanted = OrganizationFilter(kind=kind, status=status, parent_id=parent_id, text=text)
    found = await app.organizations.list_organizations(actor=actor, page=page, wanted=wanted)
    return page_of(found, OrganizationResponse.of)


@organizations.post("", status_code=201, dependencies=[Requires("organization:manage")], assurance=RECENT)
async def create_organization(
    body: CreateOrganizationRequest, actor: CurrentActor, app: App, response: Response
) -> Envelope[OrganizationResponse]:
    """Register an organization. Its first member is added with a role that manages it."""
    organization = await app.organizations.create_organization(
        actor=actor, kind=body.kind, details=body.details, parent_id=body.parent_id, reason=body.reason
    )
    set_etag(response, organization.version)
    return envelope(OrganizationResponse.of(organization))


@organizations.get("/{organization_id}", dependencies=[Authenticated], reads=NOBODY)
async def get_organization(
    organization_id: UUID, actor: CurrentActor, app: App, response: Response
) -> Envelope[OrganizationResponse]:
    """Get an organization that the caller is a member of, or may read. Changing it requires its ETag in If-Match."""
    organization = await app.organizations.get_organization(actor=actor, organization_id=organization_id)
    set_etag(response, organization.version)
    return envelope(OrganizationResponse.of(organization))


@organizations.patch("/{organization_id}", dependencies=[Authenticated], assurance=RECENT)
async def change_organization(
    *,
    organization_id: UUID,
    body: ChangeOrganizationRequest,
    version: IfMatch,
    actor: CurrentActor,
    app: App,
    response: Response,
) -> Envelope[OrganizationResponse]:
    """Change the contact of an organization, for those who manage it. The platform changes name and registration number."""
    if version is None:
        raise VersionRequired(organization_id=organization_id)
    organization = await app.organizations.change_organization(
        actor=actor, organization_id=organization_id, changes=body.changes, version=version
    )
    set_etag(response, organization.version)
    return envelope(OrganizationResponse.of(organization))


@organizations.post("/{organization_id}/suspend", dependencies=[Requires("organization:manage")], assurance=RECENT)
async def suspend_organization(
    organization_id: UUID, body: OrganizationReasonRequest, actor: CurrentActor, app: App
) -> Envelope[OrganizationResponse]:
    """Suspend an organization: nobody acts for it from now on, also with an older access token. It can be activated again."""
    organization = await app.organizations.suspend_organization(actor=actor, organization_id=organization_id, reason=body.reason)
    return envelope(OrganizationResponse.of(organization))


@organizations.post("/{organization_id}/activate", dependencies=[Requires("organization:manage")], assurance=RECENT)
async def activate_organization(
    organization_id: UUID, body: OrganizationReasonRequest, actor: CurrentActor, app: App
) -> Envelope[OrganizationResponse]:
    """Let members of a suspended organization act for it again."""
    organization = await app.organizations.activate_organization(actor=actor, organization_id=organization_id, reason=body.reason)
    return envelope(OrganizationResponse.of(organization))


@organizations.post("/{organization_id}/close", dependencies=[Requires("organization:manage")], assurance=RECENT)
async def close_organization(
    organization_id: UUID, body: OrganizationReasonRequest, actor: CurrentActor, app: App
) -> Envelope[OrganizationResponse]:
    """Close an organization permanently: nobody acts for it, and nobody joins it. What it owns stays on record."""
    organization = await app.organizations.close_organization(actor=actor, organization_id=organization_id, reason=body.reason)
    return envelope(OrganizationResponse.of(organization))
