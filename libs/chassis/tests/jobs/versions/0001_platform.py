from alembic import op

from chassis.long_work.schema import long_work_table
from chassis.persistence.migrations import platform_tables
from chassis.persistence.platform_schema import journal_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    platform_tables(op)
    journal_tables(op)
    long_work_table(op)
    op.execute("CREATE TABLE effects (name text PRIMARY KEY)")
