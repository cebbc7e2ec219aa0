"""The permissions that roles can have."""

from chassis.rest import Envelope, Requires, Router, envelope
from governance.interfaces.rest.dependencies import App
from governance.interfaces.rest.schemas.permissions import PermissionBody, PermissionList
from kernel.reads import NOBODY

permissions = Router("/permissions", tags=["roles"])


@permissions.get("", dependencies=[Requires("role:manage")], reads=NOBODY)
async def list_permissions(app: App) -> Envelope[PermissionList]:
    """List every permission there is."""
    found = await app.permissions.list_permissions()
    return envelope(PermissionList(items=[PermissionBody.of(permission) for permission in found]))
