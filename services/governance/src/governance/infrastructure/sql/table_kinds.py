"""Whose rows each table of governance has."""

from typing import Final

from chassis.persistence.table_kinds import ORGANIZATION, PERSON, PLATFORM, TableKinds

TABLE_KINDS: Final[TableKinds] = {
    # Of the platform or of one organization; use cases decide who sees which.
    "access_reviews": PLATFORM,
    "approval_rules": PLATFORM,
    "bundled_policies": PLATFORM,
    # Read by every process, about all organizations, and written by triggers alone.
    "ended_memberships": PLATFORM,
    "golden_decisions": PLATFORM,
    "idempotency_steps": PLATFORM,
    "invitations": ORGANIZATION,
    "limited_assignments": PERSON,
    "limited_holders": PERSON,
    "memberships": ORGANIZATION,
    # A register, such as the commercial one. Reads of the use cases decide who sees which entry.
    "organizations": PLATFORM,
    "permissions": PLATFORM,
    "policies": PLATFORM,
    "policy_bundles": PLATFORM,
    "policy_change_items": PLATFORM,
    "policy_changes": PLATFORM,
    "policy_versions": PLATFORM,
    "review_keys": PLATFORM,
    "review_lines": PERSON,
    "role_assignments": PERSON,
    "role_holders": PERSON,
    "role_inclusions": PLATFORM,
    "role_permissions": PLATFORM,
    "roles": PLATFORM,
    "separation_exceptions": PERSON,
    "separations": PLATFORM,
    "subject_standings": PERSON,
    "team_members": ORGANIZATION,
    "teams": ORGANIZATION,
}
