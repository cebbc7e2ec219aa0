"""Whose rows a table has, and what keeps others from them. Each table of a service is of one kind."""

from collections.abc import Mapping
from enum import Enum
from typing import Final


class TableKind(Enum):
    """ORGANIZATION: an organization's; row-level security shows only the rows of the transaction's scope (`migrations.scoped`).

    PERSON: a person's; the reads check the owner. LEDGER: of the ledger, shared by both sides of a transfer; the reads
    check the owner, a person or an organization. PLATFORM: rows without an owner, such as the outbox, keys, rules and prices.
    """

    ORGANIZATION = "organization"
    PERSON = "person"
    LEDGER = "ledger"
    PLATFORM = "platform"


TableKinds = Mapping[str, TableKind]

ORGANIZATION: Final = TableKind.ORGANIZATION
PERSON: Final = TableKind.PERSON
LEDGER: Final = TableKind.LEDGER
PLATFORM: Final = TableKind.PLATFORM

# The tables that `migrations.platform_tables` and `platform_schema` create; procrastinate's begin with its name.
OF_EVERY_SERVICE: Final[TableKinds] = dict.fromkeys(
    (
        "alembic_version",
        "outbox",
        "inbox",
        "idempotency_keys",
        "audit_journal",
        "audit_journal_numbers",
        "parked_aggregates",
        "parked_messages",
        "heard_checkpoints",
    ),
    PLATFORM,
)
JOB_TABLES: Final = "procrastinate_"
