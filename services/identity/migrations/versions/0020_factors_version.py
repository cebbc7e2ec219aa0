"""Users have a version of their factors, which access tokens carry.

The previous release neither reads nor raises it: if it adds or removes a factor during the rollout, tokens stay valid.
"""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    # A constant default, so that no row is rewritten.
    op.execute("ALTER TABLE users ADD COLUMN factors_version integer NOT NULL DEFAULT 0")
