"""Roles and permissions as the migrations leave them, for tests that compile policies without a database."""

from governance.domain.role import Permission, Role
from governance.domain.seed import DEFAULT_ROLE, PERMISSIONS, ROLES

# Migration 0004 adds permissions, grants them to roles, and increases the version of these roles.
OVER_OTHERS = ("user:read_any", "user:update_any", "user:export_any", "user:erase_any", "wallet:read_any", "transfer:read_any")
GRANTED_LATER = {"admin": OVER_OTHERS, "staff": ("user:read_any", "wallet:read_any", "transfer:read_any")}


def seeded_permissions() -> dict[str, Permission]:
    return {name: Permission(name, description) for name, description in (PERMISSIONS | dict.fromkeys(OVER_OTHERS, "")).items()}


def seeded_roles() -> dict[str, Role]:
    known = seeded_permissions()
    return {
        name: Role(
            name,
            description,
            is_default=name == DEFAULT_ROLE,
            is_system=True,
            version=2 if name in GRANTED_LATER else 1,
            permissions={known[granted] for granted in (*permissions, *GRANTED_LATER.get(name, ()))},
        )
        for name, (description, permissions) in ROLES.items()
    }
