"""Whose rows each table of payments has."""

from typing import Final

from chassis.persistence.table_kinds import LEDGER, PERSON, PLATFORM, TableKinds

TABLE_KINDS: Final[TableKinds] = {
    "accounts": LEDGER,
    "approval_decisions": PLATFORM,
    "approvals": PLATFORM,
    "bulk_chunks": PERSON,
    "bulks": PERSON,
    "customer_tiers": PERSON,
    "fee_rules": PLATFORM,
    "fx_rates": PLATFORM,
    "idempotency_steps": PLATFORM,
    "ledger_breaks": LEDGER,
    "ledger_marks": LEDGER,
    "limits": PLATFORM,
    "long_work": PLATFORM,
    "objects": PLATFORM,
    "postings": LEDGER,
    "projections": PLATFORM,
    "schedule_runs": PERSON,
    "schedules": PERSON,
    "spending": LEDGER,
    "transfers": LEDGER,
    "user_grants": PLATFORM,
    "user_standings": PLATFORM,
}
