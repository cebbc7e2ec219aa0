"""Policies for tests, in the form that governance compiles."""

import json
from collections.abc import Mapping, Sequence

from chassis.policies import Bundle, LimitedRole, Policies, SubjectRow
from kernel.clock import Clock


def permitting(grants: Mapping[str, Sequence[str]], clock: Clock) -> Policies:
    """Make an engine in which each role has the given permissions: `permitting({"user": ["payment:create"]}, clock)`."""
    policies = Policies(clock)
    policies.load(bundle_of(grants))
    return policies


def limited(policies: Policies, subject_id: object, *roles: LimitedRole, version: int = 1) -> None:
    """Give a subject these roles within limits, and no others, as governance announces them."""
    policies.limited_roles.apply(SubjectRow(str(subject_id), roles, version))


def bundle_of(grants: Mapping[str, Sequence[str]], *, version: int = 1) -> Bundle:
    """Compile as governance does; the default role is "user", if it is in `grants`."""
    statements = [
        f'@id("role:{role}"){_exceeds(held, grants)}\n'
        f'permit(principal in Role::"{role}", action in [{_actions(held)}], resource);'
        for role, held in grants.items()
        if held
    ]
    return Bundle(version, "\n".join(statements), json.dumps(_schema({name for held in grants.values() for name in held})))


def _exceeds(held: Sequence[str], grants: Mapping[str, Sequence[str]]) -> str:
    return '\n@exceeds("user")' if "user" in grants and not set(held) <= set(grants["user"]) else ""


def _actions(permissions: Sequence[str]) -> str:
    return ", ".join(f'Action::"{permission}"' for permission in permissions)


def _schema(permissions: set[str]) -> dict[str, object]:
    text = {"type": "String"}
    shape = {"type": "Record", "attributes": {"type": text, "id": text, "owner": {**text, "required": False}}}
    applies_to = {
        "principalTypes": ["Anonymous", "Service", "User"],
        "resourceTypes": ["Resource"],
        "context": {"type": "Record", "attributes": {}},
    }
    return {
        "": {
            "entityTypes": {
                "Role": {},
                "User": {"memberOfTypes": ["Role"]},
                "Service": {},
                "Anonymous": {},
                "Resource": {"shape": shape},
            },
            "actions": {permission: {"appliesTo": applies_to} for permission in sorted(permissions)},
        }
    }
