"""Create the tables of approvals, and of idempotent requests that take several transactions."""

from alembic import op

from chassis.approvals.schema import approval_tables

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    approval_tables(op)
