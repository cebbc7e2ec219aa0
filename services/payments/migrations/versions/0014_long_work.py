"""Create the table of long work, such as verifications of the ledger."""

from alembic import op

from chassis.long_work.schema import long_work_table

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    long_work_table(op)
