"""What is changed on a device that the account has known for long is told from what a stranger changes (ADR 0025)."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute(KNOWN_DEVICES)


# False for every row that there is, and for those that the previous release writes meanwhile: their passwords undo a change of
# address as they did. "known_device" is of the sign-in: the device showed its token.
KNOWN_DEVICES = """
ALTER TABLE sessions ADD COLUMN known_device boolean NOT NULL DEFAULT false;
ALTER TABLE password_history ADD COLUMN from_known_device boolean NOT NULL DEFAULT false;
ALTER TABLE email_undos ADD COLUMN from_known_device boolean NOT NULL DEFAULT false;
"""
