"""Create the journal of audit facts, the tables of parked messages and of kept checkpoints, and the relay's rights."""

from alembic import op

from chassis.persistence.platform_schema import journal_tables

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    journal_tables(op)
