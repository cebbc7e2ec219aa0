"""Whose rows each table of governance has."""

from typing import Final

from chassis.persistence.table_kinds import ORGANIZATION, PERSON, PLATFORM, TableKinds

TABLE_KINDS: Final[TableKinds] = {
    "approval_rules": PLATFORM,
    "memberships": ORGANIZATION,
    "permissions": PLATFORM,
    "policy_bundles": PLATFORM,
    "role_assignments": PERSON,
    "role_holders": PERSON,
    "role_permissions": PLATFORM,
    "roles": PLATFORM,
    "subject_standings": PERSON,
}
