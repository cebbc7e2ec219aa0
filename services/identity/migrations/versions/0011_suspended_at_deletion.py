"""A deleted account stores whether it was suspended, so that restoring it does not lift the suspension.

Accounts that were deleted before, or by the previous release, have NULL: they are restored as suspended.
"""

from alembic import op

revision = "0011"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN suspended_at_deletion boolean")
