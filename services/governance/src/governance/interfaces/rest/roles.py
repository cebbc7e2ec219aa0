"""Routes for roles."""

from typing import Annotated

from fastapi import Query, Response

from chassis.rest import CurrentActor, Envelope, IfMatch, Requires, Router, envelope, set_etag
from governance.interfaces.rest.dependencies import App, RoleName
from governance.interfaces.rest.schemas.roles import (
    CreateRoleRequest,
    DescribeRoleRequest,
    IncludedRolesRequest,
    RetireRoleRequest,
    RoleListResponse,
    RolePermissionsRequest,
    RoleResponse,
)
from kernel.assurance import RECENT
from kernel.errors import VersionRequired
from kernel.reads import NOBODY

roles = Router("/roles", tags=["roles"])


@roles.get("", dependencies=[Requires("role:manage")], reads=NOBODY)
async def list_roles(
    app: App,
    retired: Annotated[bool, Query(description="List retired roles too")] = False,  # a query parameter
) -> Envelope[RoleListResponse]:
    """List the roles in use with their permissions."""
    return envelope(RoleListResponse(items=[RoleResponse.of(role) for role in await app.roles.list_roles(retired=retired)]))


@roles.post("", status_code=201, dependencies=[Requires("role:manage")], assurance=RECENT)
async def create_role(body: CreateRoleRequest, actor: CurrentActor, app: App, response: Response) -> Envelope[RoleResponse]:
    """Create a role with permissions of its own and the roles that it includes. You need all that it permits yourself."""
    role = await app.roles.create_role(
        actor=actor,
        name=body.name,
        title=body.title,
        description=body.description,
        permissions=body.permissions,
        includes=body.includes,
        reason=body.reason,
    )
    set_etag(response, role.version)
    return envelope(RoleResponse.of(role))


@roles.get("/{name}", dependencies=[Requires("role:manage")], reads=NOBODY)
async def get_role(name: RoleName, app: App, response: Response) -> Envelope[RoleResponse]:
    """Get a role, also a retired one. Changing it requires its ETag in If-Match."""
    role = await app.roles.get_role(name=name)
    set_etag(response, role.version)
    return envelope(RoleResponse.of(role))


@roles.patch("/{name}", dependencies=[Requires("role:manage")], assurance=RECENT)
async def describe_role(
    *, name: RoleName, body: DescribeRoleRequest, version: IfMatch, actor: CurrentActor, app: App, response: Response
) -> Envelope[RoleResponse]:
    """Change the title or the description of a role. The name never changes."""
    if version is None:
        raise VersionRequired(role=name)
    role = await app.roles.describe_role(
        actor=actor, role_name=name, title=body.title, description=body.description, version=version
    )
    set_etag(response, role.version)
    return envelope(RoleResponse.of(role))


@roles.put("/{name}/permissions", dependencies=[Requires("role:manage")], assurance=RECENT)
async def set_role_permissions(
    *, name: RoleName, body: RolePermissionsRequest, version: IfMatch, actor: CurrentActor, app: App, response: Response
) -> Envelope[RoleResponse]:
    """Replace the role's own permissions. Every service applies them within seconds."""
    if version is None:
        raise VersionRequired(role=name)
    role = await app.roles.set_role_permissions(actor=actor, role_name=name, permissions=body.permissions, version=version)
    set_etag(response, role.version)
    return envelope(RoleResponse.of(role))


@roles.put("/{name}/includes", dependencies=[Requires("role:manage")], assurance=RECENT)
async def set_included_roles(
    *, name: RoleName, body: IncludedRolesRequest, version: IfMatch, actor: CurrentActor, app: App, response: Response
) -> Envelope[RoleResponse]:
    """Replace the roles that the role includes: its holders have the permissions of all of them. A role cannot include itself."""
    if version is None:
        raise VersionRequired(role=name)
    role = await app.roles.set_included_roles(actor=actor, role_name=name, roles=body.roles, version=version)
    set_etag(response, role.version)
    return envelope(RoleResponse.of(role))


@roles.post("/{name}/retire", dependencies=[Requires("role:manage")], assurance=RECENT)
async def retire_role(
    *, name: RoleName, body: RetireRoleRequest, version: IfMatch, actor: CurrentActor, app: App, response: Response
) -> Envelope[RoleResponse]:
    """Take a role out of use permanently: its holders lose what it permits at once. System roles are protected."""
    role = await app.roles.retire_role(actor=actor, role_name=name, version=version, reason=body.reason)
    set_etag(response, role.version)
    return envelope(RoleResponse.of(role))
