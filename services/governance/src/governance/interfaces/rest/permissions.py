"""Routes for permissions."""

from chassis.rest import Envelope, Requires, Router, envelope
from governance.interfaces.rest.dependencies import App
from governance.interfaces.rest.schemas.permissions import PermissionListResponse, PermissionResponse
from kernel.reads import NOBODY

permissions = Router("/permissions", tags=["roles"])


@permissions.get("", dependencies=[Requires("role:manage")], reads=NOBODY)
async def list_permissions(app: App) -> Envelope[PermissionListResponse]:
    """List all permissions that a role can have, by category."""
    found = await app.permissions.list_permissions()
    return envelope(PermissionListResponse(items=[PermissionResponse.of(permission) for permission in found]))
