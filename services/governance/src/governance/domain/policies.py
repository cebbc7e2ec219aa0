"""Roles compiled into Cedar: the text that every service decides by."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from governance.domain.role import Permission, Role

_STRING = {"type": "String"}
_OPTIONAL_STRING = {"type": "String", "required": False}


@dataclass(frozen=True, slots=True)
class CompiledPolicies:
    """Cedar policies as text and their schema as JSON. Equal roles compile to equal text."""

    policies: str
    schema: str


def compile_policies(roles: Sequence[Role], permissions: Sequence[Permission]) -> CompiledPolicies:
    """Compile roles into one permit each; a role without permissions has none, for Cedar denies by default."""
    in_order = sorted(roles, key=lambda role: role.name)
    statements = [_permit(role) for role in in_order if role.permissions]
    return CompiledPolicies("\n\n".join(statements), json.dumps(_schema(permissions), sort_keys=True))


def _permit(role: Role) -> str:
    actions = ", ".join(f'Action::"{name}"' for name in role.permission_names)
    return f'@id("role:{role.name}")\npermit(principal in Role::"{role.name}", action in [{actions}], resource);'


def _schema(permissions: Sequence[Permission]) -> dict[str, object]:
    """Describe what chassis.policies asks: principals by kind, actions by permission, resources with type, id and owner."""
    principals = ["Anonymous", "Service", "User"]
    applies_to = {"principalTypes": principals, "resourceTypes": ["Resource"], "context": {"type": "Record", "attributes": {}}}
    resource = {"type": _STRING, "id": _STRING, "owner": _OPTIONAL_STRING}
    return {
        "": {
            "entityTypes": {
                "Role": {},
                "User": {"memberOfTypes": ["Role"]},
                "Service": {},
                "Anonymous": {},
                "Resource": {"shape": {"type": "Record", "attributes": resource}},
            },
            "actions": {permission.name: {"appliesTo": applies_to} for permission in permissions},
        }
    }
