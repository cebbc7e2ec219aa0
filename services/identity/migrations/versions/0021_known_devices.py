"""Records whether a change was made on a long-known device, and so by the owner (ADR 0025)."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute(KNOWN_DEVICES)


# False for all existing rows, and for rows that the previous release writes meanwhile: their passwords undo a change of address
# as before. "known_device" is about the sign-in: the device sent its token.
KNOWN_DEVICES = """
ALTER TABLE sessions ADD COLUMN known_device boolean NOT NULL DEFAULT false;
ALTER TABLE password_history ADD COLUMN from_known_device boolean NOT NULL DEFAULT false;
ALTER TABLE email_undos ADD COLUMN from_known_device boolean NOT NULL DEFAULT false;
"""
