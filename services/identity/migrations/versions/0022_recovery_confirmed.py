"""A request for recovery is decided only once the account's mailbox has confirmed it (ADR 0025).

Requests that wait are unconfirmed, for no code was ever sent for them: they are asked for again. The previous release decides on
requests as it did for as long as it runs.
"""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute("ALTER TABLE recovery_requests ADD COLUMN confirmed_at timestamptz")
    # Wider than it was, so that the previous release's codes are as valid as before.
    op.execute(
        """
        ALTER TABLE one_time_codes
            DROP CONSTRAINT one_time_codes_purpose_check,
            ADD CONSTRAINT one_time_codes_purpose_check
                CHECK (purpose IN ('registration', 'email', 'phone', 'recovery')) NOT VALID
        """
    )
    op.execute("ALTER TABLE one_time_codes VALIDATE CONSTRAINT one_time_codes_purpose_check")
