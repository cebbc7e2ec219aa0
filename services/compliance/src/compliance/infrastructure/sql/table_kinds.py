"""Whose rows each table of compliance has."""

from typing import Final

from chassis.persistence.table_kinds import PERSON, PLATFORM, TableKinds

TABLE_KINDS: Final[TableKinds] = {
    "audit_entries": PLATFORM,
    "audit_head": PLATFORM,
    "audit_nodes": PLATFORM,
    "audit_related": PLATFORM,
    "checkpoints": PLATFORM,
    "completeness_findings": PLATFORM,
    "log_keys": PLATFORM,
    # Of the person who asked; only auditors and governance read them.
    "policy_decisions": PERSON,
    "producer_journals": PLATFORM,
    "retention_rules": PLATFORM,
    "screening_blocks": PLATFORM,
}
