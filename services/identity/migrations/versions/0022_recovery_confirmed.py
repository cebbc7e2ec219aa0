"""A recovery request can be decided only after the account's mailbox has confirmed it (ADR 0025).

Waiting requests are unconfirmed, because no code was ever sent for them: users must request again. The previous release decides
on requests as before while it runs.
"""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute("ALTER TABLE recovery_requests ADD COLUMN confirmed_at timestamptz")
    # Wider than before, so codes of the previous release stay valid.
    op.execute(
        """
        ALTER TABLE one_time_codes
            DROP CONSTRAINT one_time_codes_purpose_check,
            ADD CONSTRAINT one_time_codes_purpose_check
                CHECK (purpose IN ('registration', 'email', 'phone', 'recovery')) NOT VALID
        """
    )
    op.execute("ALTER TABLE one_time_codes VALIDATE CONSTRAINT one_time_codes_purpose_check")
