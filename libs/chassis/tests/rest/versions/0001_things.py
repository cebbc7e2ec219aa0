"""The tables of the REST tests."""

from alembic import op

from chassis.approvals.schema import approval_tables
from chassis.persistence.migrations import platform_tables
from chassis.persistence.platform_schema import journal_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    platform_tables(op)
    journal_tables(op)
    approval_tables(op)
    op.execute("CREATE TABLE things (id uuid PRIMARY KEY, name text NOT NULL)")
