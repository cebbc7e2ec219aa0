"""A passkey stores whether its provider may back it up, which never changes."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    # NULL for existing passkeys, and for those that the previous release registers meanwhile. Their next use sets it.
    op.execute("ALTER TABLE passkeys ADD COLUMN backup_eligible boolean")
