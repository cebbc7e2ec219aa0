"""The compiled policies agree with the seed's table, by the engine that every service embeds."""

import json

import cedarpy
import pytest

from chassis.policies import Bundle, Policies
from chassis.testing.clocks import ControlledClock
from governance.domain.errors import UnsoundPolicies
from governance.domain.policies import CompiledPolicies, compile_policies
from governance.domain.role import Permission, Role
from governance.infrastructure.policy_checker import CedarChecker
from kernel.actor import Actor, ActorKind
from services.governance.tests.seeded import seeded_permissions, seeded_roles

# The expected permissions, written out instead of computed from the seed's data.
ALL = {
    "user:create", "user:read", "user:update", "user:delete", "payment:create", "payment:approve", "payment:reconcile",
    "role:manage", "policy:manage", "audit:view", "audit:export", "report:generate", "treasury:issue",
    "user:read_any", "user:update_any", "user:export_any", "user:erase_any", "wallet:read_any", "transfer:read_any",
}  # fmt: skip
TABLE = {
    "admin": ALL,
    "staff": {
        "user:read", "payment:create", "payment:approve", "audit:view", "user:read_any", "wallet:read_any", "transfer:read_any",
    },
    "user": {"user:read", "payment:create"},
    "guest": set(),
}  # fmt: skip


def compiled() -> CompiledPolicies:
    return compile_policies(list(seeded_roles().values()), list(seeded_permissions().values()))


def matrix(bundle: CompiledPolicies) -> dict[str, set[str]]:
    """Ask the engine about every role and every permission."""
    policies = Policies(ControlledClock())
    policies.load(Bundle(1, bundle.policies, bundle.schema))
    return {role: {permission for permission in ALL if policies.allows(actor(role), permission)} for role in TABLE}


def actor(*roles: str) -> Actor:
    return Actor(kind=ActorKind.USER, subject_id="0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10", roles=frozenset(roles))


def statements(policies: str) -> list[str]:
    return policies.split("\n\n")


def test_every_role_has_exactly_the_permissions_of_the_seed() -> None:
    assert matrix(compiled()) == TABLE


@pytest.mark.parametrize("index", range(3))
def test_without_any_one_policy_the_permissions_differ(index: int) -> None:
    bundle = compiled()
    remaining = [statement for at, statement in enumerate(statements(bundle.policies)) if at != index]

    assert len(remaining) == 2
    assert matrix(CompiledPolicies("\n\n".join(remaining), bundle.schema)) != TABLE


@pytest.mark.parametrize(("role", "permission"), [(role, name) for role, names in TABLE.items() for name in sorted(names)])
def test_without_any_one_permission_the_permissions_differ(role: str, permission: str) -> None:
    roles = seeded_roles()
    roles[role].permissions.remove(Permission(permission))

    assert matrix(compile_policies(list(roles.values()), list(seeded_permissions().values()))) != TABLE


def test_roles_add_up() -> None:
    policies = Policies(ControlledClock())
    bundle = compiled()
    policies.load(Bundle(1, bundle.policies, bundle.schema))

    assert policies.allows(actor("guest", "user", "staff"), "payment:approve")
    assert not policies.allows(actor(), "user:read")
    assert not policies.allows(actor("nobody-defined-this"), "user:read")


@pytest.mark.parametrize("stranger", [Actor.anonymous(), Actor.service("payments")])
def test_an_actor_without_roles_has_no_permission(stranger: Actor) -> None:
    policies = Policies(ControlledClock())
    bundle = compiled()
    policies.load(Bundle(1, bundle.policies, bundle.schema))

    assert not any(policies.allows(stranger, permission) for permission in ALL)


def test_policies_are_named_after_their_roles() -> None:
    names = [
        policy["annotations"]["id"]
        for policy in json.loads(cedarpy.policies_to_json_str(compiled().policies))["staticPolicies"].values()
    ]

    assert sorted(names) == ["role:admin", "role:staff", "role:user"]


@pytest.mark.parametrize(
    ("roles", "exceed"),
    [(["user"], False), (["guest"], False), ([], False), (["unknown"], False), (["staff"], True), (["user", "admin"], True)],
)
def test_roles_that_permit_more_than_the_default_role_are_annotated(roles: list[str], exceed: bool) -> None:
    policies = Policies(ControlledClock())
    bundle = compiled()
    policies.load(Bundle(1, bundle.policies, bundle.schema))

    assert bool(policies.roles_beyond_default("subject", roles)) is exceed


def test_a_role_is_annotated_while_the_default_role_permits_less() -> None:
    roles = seeded_roles()
    roles["guest"].permissions.add(Permission("user:read"))
    policies = Policies(ControlledClock())

    def load(version: int) -> None:
        bundle = compile_policies(list(roles.values()), list(seeded_permissions().values()))
        policies.load(Bundle(version, bundle.policies, bundle.schema))

    load(1)
    assert not policies.roles_beyond_default("subject", ["guest"])
    roles["guest"].permissions.add(Permission("audit:view"))
    load(2)
    assert policies.roles_beyond_default("subject", ["guest"])
    roles["user"].permissions.add(Permission("audit:view"))
    load(3)
    assert not policies.roles_beyond_default("subject", ["guest"])


def test_equal_roles_compile_to_equal_text() -> None:
    roles, permissions = list(seeded_roles().values()), list(seeded_permissions().values())

    assert compile_policies(roles[::-1], permissions[::-1]) == compile_policies(roles, permissions)


def test_the_seed_is_sound() -> None:
    CedarChecker().check(compiled())


def test_a_role_with_a_permission_that_nobody_declared_is_unsound() -> None:
    rogue = Role("rogue", "Rogue", permissions={Permission("vault:open")})

    with pytest.raises(UnsoundPolicies):
        CedarChecker().check(compile_policies([rogue], list(seeded_permissions().values())))


@pytest.mark.parametrize(
    "broken",
    [
        CompiledPolicies("permit(", compiled().schema),
        CompiledPolicies(compiled().policies, "{"),
        CompiledPolicies(compiled().policies, '{"": {"entityTypes": {}, "actions": {}}}'),
    ],
)
def test_policies_that_do_not_parse_or_fit_the_schema_are_unsound(broken: CompiledPolicies) -> None:
    with pytest.raises(UnsoundPolicies):
        CedarChecker().check(broken)


def test_an_empty_list_of_roles_compiles() -> None:
    CedarChecker().check(compile_policies([], list(seeded_permissions().values())))


def test_the_schema_lists_principals_resources_and_contexts_of_each_action() -> None:
    every = compile_policies([], [Permission("user:read"), Permission("payment:approve")])
    text = {"type": "String"}
    transfer = {
        "amount": {"type": "Extension", "name": "decimal"},
        "currency": text,
        "kind": text,
        "counterparties": {"type": "Set", "element": text},
        "rule": {**text, "required": False},
    }

    def applies(principals: list[str], context: dict[str, object]) -> dict[str, object]:
        record = {"type": "Record", "attributes": context}
        return {"appliesTo": {"principalTypes": principals, "resourceTypes": ["Resource"], "context": record}}

    optional = {**text, "required": False}
    user = {"id": optional, "organization": optional}
    resource = {
        "type": text,
        "id": text,
        "owner": optional,
        "organization": optional,
        "classification": optional,
        "amount": {"type": "Extension", "name": "decimal", "required": False},
        "teams": {"type": "Set", "element": text, "required": False},
    }
    assert json.loads(every.schema) == {
        "": {
            "entityTypes": {
                "Role": {},
                "User": {"memberOfTypes": ["Role"], "shape": {"type": "Record", "attributes": user}},
                "Service": {},
                "Anonymous": {},
                "Resource": {"shape": {"type": "Record", "attributes": resource}},
            },
            "actions": {
                "user:read": applies(["Anonymous", "Service", "User"], {}),
                "payment:approve": applies(["Anonymous", "Service", "User"], {}),
                # Unknown actors cannot settle anything.
                "payment:settle-alone": applies(["Service", "User"], transfer),
            },
        }
    }
