"""Whatever changes, an active user can manage roles: also with ends of roles, inclusions and retirement."""

import asyncio

import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from governance import wiring
from governance.application import Governance
from governance.application.access.preview_assignment import Change
from governance.domain.errors import IndispensablePermission, LastAdministrator
from governance.domain.limits import Limits
from governance.domain.role import INDISPENSABLE
from kernel.actor import Actor
from services.governance.tests.registry import ADMIN, SERVICE, Registry
from services.governance.tests.stored import organized

IDENTITY = Actor.service("identity")


@pytest.fixture
def app(registry: Registry) -> Governance:
    return registry.app


async def keepers(registry: Registry) -> None:
    """Give role management to a role that can be retired, by way of another one that it includes, and take it from `admin`."""
    app = registry.app
    create = app.roles.create_role
    await create(actor=SERVICE, name="keys", title="Keys", description="", permissions=[*INDISPENSABLE], includes=())
    await create(actor=SERVICE, name="keepers", title="Keepers", description="", permissions=(), includes=["keys"])
    await app.role_assignments.grant_role(actor=SERVICE, subject_id=registry.subject(), role="keepers")
    admin = await app.roles.get_role(name="admin")
    left = set(admin.permissions) - INDISPENSABLE
    await app.roles.set_role_permissions(actor=SERVICE, role_name="admin", permissions=left, version=admin.version)


async def test_a_role_with_an_end_does_not_count_as_the_last_manager(
    registry: Registry, app: Governance, clock: ControlledClock, database: Database
) -> None:
    """Otherwise its end would lock everybody out, and nobody could refuse that."""
    other = registry.subject()
    for limits in (Limits(ends_at=clock.now().replace(year=2030)), Limits(organization_id=await organized(database))):
        await app.role_assignments.grant_role(actor=SERVICE, subject_id=other, role="admin", limits=limits)
    async with registry.refuses(LastAdministrator):
        await app.role_assignments.revoke_role(actor=ADMIN, subject_id=ADMIN.user_id, role="admin")
    async with registry.refuses(LastAdministrator):
        await app.standings.disable_subject(actor=IDENTITY, by=ADMIN.user_id, subject_id=ADMIN.user_id, version=1)
    clock.advance(days=2000)
    await wiring.end_limited_roles(database=database, clock=clock)(actor=SERVICE)
    access = await app.access.get_user_access(actor=ADMIN, subject_id=ADMIN.user_id)
    assert "role:manage" in [each.permission for each in access.permissions]


async def test_the_role_of_the_last_manager_is_not_retired_nor_the_one_that_it_includes(
    registry: Registry, app: Governance
) -> None:
    await keepers(registry)
    for name in ("keepers", "keys"):
        async with registry.refuses(IndispensablePermission):
            await app.roles.retire_role(actor=SERVICE, role_name=name, version=None, reason="closed")


async def test_an_inclusion_by_which_the_last_manager_manages_is_not_removed(registry: Registry, app: Governance) -> None:
    await keepers(registry)
    async with registry.refuses(IndispensablePermission):
        await app.roles.set_included_roles(actor=SERVICE, role_name="keepers", roles=(), version=1)
    async with registry.refuses(IndispensablePermission):
        await app.roles.set_role_permissions(actor=SERVICE, role_name="keys", permissions=["user:read"], version=1)


async def test_what_counts_by_an_inclusion_counts_for_a_revocation_too(registry: Registry, app: Governance) -> None:
    await keepers(registry)
    holder = next(iter(registry.subjects.active))
    async with registry.refuses(LastAdministrator):
        await app.role_assignments.revoke_role(actor=SERVICE, subject_id=holder, role="keepers")
    await app.role_assignments.grant_role(actor=SERVICE, subject_id=registry.subject(), role="keys")
    assert await app.role_assignments.revoke_role(actor=SERVICE, subject_id=holder, role="keepers") == ()


@pytest.mark.parametrize("permission", ["policy:manage", "treasury:issue"])
async def test_no_permission_is_lost_to_everybody_by_a_change_of_roles(
    registry: Registry, app: Governance, permission: str
) -> None:
    """Nobody could add it to a role again."""
    admin = await app.roles.get_role(name="admin")
    async with registry.refuses(IndispensablePermission) as refused:
        await app.roles.set_role_permissions(
            actor=ADMIN, role_name="admin", permissions=set(admin.permissions) - {permission}, version=admin.version
        )
    assert refused.value.details == {"permission": permission}


async def test_the_last_manager_of_policies_is_not_revoked(registry: Registry, app: Governance) -> None:
    await app.roles.create_role(
        actor=ADMIN, name="managers", title="Managers", description="", permissions=["role:manage"], includes=()
    )
    await app.role_assignments.grant_role(actor=ADMIN, subject_id=registry.subject(), role="managers")
    async with registry.refuses(LastAdministrator):
        await app.role_assignments.revoke_role(actor=ADMIN, subject_id=ADMIN.user_id, role="admin")


async def test_previews_grants_and_revocations_at_once_do_not_block_each_other(registry: Registry, app: Governance) -> None:
    subject = registry.subject()

    async def preview() -> object:
        return await app.access.preview_assignment(actor=ADMIN, change=Change.GRANT, subject_id=subject, role="staff")

    for _ in range(5):
        granted = app.role_assignments.grant_role(actor=ADMIN, subject_id=subject, role="staff")
        revoked = app.role_assignments.revoke_role(actor=ADMIN, subject_id=subject, role="staff")
        await asyncio.gather(preview(), granted, preview(), revoked)
