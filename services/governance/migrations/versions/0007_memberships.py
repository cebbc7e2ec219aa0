"""The members of organizations: sessions of a member may act for it. The previous release does not use the table."""

from alembic import op

from chassis.persistence.migrations import scoped

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE memberships (
            organization_id uuid NOT NULL,
            subject_id uuid NOT NULL,
            joined_at timestamptz NOT NULL,
            PRIMARY KEY (organization_id, subject_id)
        )
        """
    )
    op.execute("CREATE INDEX memberships_subject ON memberships (subject_id, joined_at)")
    scoped(op, "memberships")
