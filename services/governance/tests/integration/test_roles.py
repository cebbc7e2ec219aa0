"""Setting the permissions of a role."""

from governance.domain.errors import (
    UnknownPermission,
    UnsoundPolicies,
)
from kernel.audit import AuditFact
from kernel.errors import NotFound, StaleVersion
from services.governance.tests.registry import ADMIN, SERVICE, Registry, bundle_event, bundle_fact, recorded


async def test_setting_permissions_publishes_a_new_bundle(registry: Registry) -> None:
    await registry.app.policy_bundles.ensure_bundle(actor=SERVICE)

    role = await registry.app.roles.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["user:read"], version=1)

    assert (role.version, role.permissions) == (2, ("user:read",))
    assert (await registry.bundles())[-1].version == 2
    assert 'Role::"guest", action in [Action::"user:read"]' in (await registry.bundles())[-1].policies
    state = {"title": "Guest", "description": "Signs in, and has no permissions", "includes": [], "retired": False}
    fact = AuditFact(
        action="governance.role.set_permissions",
        resource_type="role",
        resource_id="guest",
        occurred_at=registry.clock.now(),
        before={**state, "permissions": [], "version": 1},
        after={**state, "permissions": ["user:read"], "version": 2},
        related_ids=("role:guest",),
    )
    first, second = await registry.bundles()
    assert (await registry.facts())[1:] == [recorded(fact, ADMIN), bundle_fact(second, first, ADMIN)]
    assert (await registry.events())[1:] == [bundle_event(second)]


async def test_setting_the_same_permissions_publishes_nothing(registry: Registry) -> None:
    await registry.app.policy_bundles.ensure_bundle(actor=SERVICE)

    role = await registry.app.roles.set_role_permissions(
        actor=ADMIN, role_name="user", permissions=["payment:create", "user:read", "user:read"], version=1
    )

    assert role.version == 1
    assert len(await registry.bundles()) == len(await registry.facts()) == 1


async def test_a_stale_version_is_refused(registry: Registry) -> None:
    await registry.app.roles.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["user:read"], version=1)

    async with registry.refuses(StaleVersion):
        await registry.app.roles.set_role_permissions(actor=ADMIN, role_name="guest", permissions=[], version=1)


async def test_unknown_roles_and_permissions_are_refused(registry: Registry) -> None:
    async with registry.refuses(NotFound):
        await registry.app.roles.set_role_permissions(actor=ADMIN, role_name="emperor", permissions=[], version=1)
    async with registry.refuses(UnknownPermission) as refused:
        await registry.app.roles.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["vault:open"], version=1)
    assert refused.value.facts == {"unknown": ["vault:open"]}


async def test_unsound_policies_change_nothing(registry: Registry) -> None:
    await registry.app.policy_bundles.ensure_bundle(actor=SERVICE)
    registry.checker.sound = False

    async with registry.refuses(UnsoundPolicies):
        await registry.app.roles.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["user:read"], version=1)


async def test_a_role_is_found_by_its_name(registry: Registry) -> None:
    assert (await registry.app.roles.get_role(name="staff")).title == "Staff"
    async with registry.refuses(NotFound):
        await registry.app.roles.get_role(name="emperor")
