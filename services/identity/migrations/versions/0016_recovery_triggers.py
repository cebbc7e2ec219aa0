"""Nobody can decide on a recovery that they triggered.

A person who required a new password of an account cannot decide on its recovery for thirty days. The previous release writes
neither the table nor the columns, so its requests name nobody and bar nobody.
"""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute(
        """
        -- Who required a new password of which user, and when last.
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
    # Enforced even if the code is wrong. No row has such a value yet, so nothing needs checking while the table is locked.
    op.execute(
        """
        ALTER TABLE recovery_requests ADD CONSTRAINT recovery_requests_triggered_by_another
            CHECK (decided_by IS NULL OR decided_by <> ALL (triggered_by)) NOT VALID
        """
    )
    op.execute("ALTER TABLE recovery_requests VALIDATE CONSTRAINT recovery_requests_triggered_by_another")
