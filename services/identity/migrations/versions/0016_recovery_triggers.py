"""Nobody decides on a recovery that they triggered.

A person who required a new password of an account cannot decide on its recovery for thirty days. The previous release writes
neither the table nor the columns: its requests name nobody, and nobody is barred from them.
"""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute(
        """
        -- Who required a new password of whom, and when last.
        CREATE TABLE required_resets (
            user_id uuid NOT NULL REFERENCES users,
            required_by uuid NOT NULL,
            required_at timestamptz NOT NULL,
            PRIMARY KEY (user_id, required_by)
        )
        """
    )
    op.execute("CREATE INDEX required_resets_required_at ON required_resets (required_at)")
    op.execute(
        """
        ALTER TABLE recovery_requests
            ADD COLUMN triggered_by uuid[] NOT NULL DEFAULT '{}',
            ADD COLUMN device_id uuid
        """
    )
    # Whatever the code does. No row has a name in it yet, so that there is nothing to check while the table is locked.
    op.execute(
        """
        ALTER TABLE recovery_requests ADD CONSTRAINT recovery_requests_triggered_by_another
            CHECK (decided_by IS NULL OR decided_by <> ALL (triggered_by)) NOT VALID
        """
    )
    op.execute("ALTER TABLE recovery_requests VALIDATE CONSTRAINT recovery_requests_triggered_by_another")
