"""Routes for roles."""

from fastapi import Response

from chassis.rest import CurrentActor, Envelope, IfMatch, Requires, Router, envelope, set_etag
from governance.interfaces.rest.dependencies import App, RoleName
from governance.interfaces.rest.schemas.roles import RoleListResponse, RolePermissionsRequest, RoleResponse
from kernel.assurance import RECENT
from kernel.errors import VersionRequired
from kernel.reads import NOBODY

roles = Router("/roles", tags=["roles"])


@roles.get("", dependencies=[Requires("role:manage")], reads=NOBODY)
async def list_roles(app: App) -> Envelope[RoleListResponse]:
    """List all roles with their permissions."""
    return envelope(RoleListResponse(items=[RoleResponse.of(role) for role in await app.roles.list_roles()]))


@roles.get("/{name}", dependencies=[Requires("role:manage")], reads=NOBODY)
async def get_role(name: RoleName, app: App, response: Response) -> Envelope[RoleResponse]:
    """Get a role. Setting its permissions requires its ETag in If-Match."""
    role = await app.roles.get_role(name=name)
    set_etag(response, role.version)
    return envelope(RoleResponse.of(role))


@roles.put("/{name}/permissions", dependencies=[Requires("role:manage")], assurance=RECENT)
async def set_role_permissions(
    *, name: RoleName, body: RolePermissionsRequest, version: IfMatch, actor: CurrentActor, app: App, response: Response
) -> Envelope[RoleResponse]:
    """Replace the role's permissions. Every service applies them within seconds."""
    if version is None:
        raise VersionRequired(role=name)
    role = await app.roles.set_role_permissions(actor=actor, role_name=name, permissions=body.permissions, version=version)
    set_etag(response, role.version)
    return envelope(RoleResponse.of(role))
