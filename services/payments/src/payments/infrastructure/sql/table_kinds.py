"""Whose rows each table of payments has."""

from typing import Final

from chassis.persistence.table_kinds import LEDGER, PERSON, PLATFORM, TableKinds

TABLE_KINDS: Final[TableKinds] = {
    "accounts": LEDGER,
    "bulk_chunks": PERSON,
    "bulks": PERSON,
    "customer_tiers": PERSON,
    "fee_rules": PLATFORM,
    "fx_rates": PLATFORM,
    "ledger_breaks": LEDGER,
    "ledger_marks": LEDGER,
    "limits": PLATFORM,
    "postings": LEDGER,
    "schedule_runs": PERSON,
    "schedules": PERSON,
    "spending": LEDGER,
    "transfers": LEDGER,
}
