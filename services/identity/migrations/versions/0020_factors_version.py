"""Users have a version of their factors, which access tokens carry.

The previous release neither reads nor raises it: a factor that it adds or removes while this one is rolled out leaves tokens as
they are.
"""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    # A constant default: no row is rewritten.
    op.execute("ALTER TABLE users ADD COLUMN factors_version integer NOT NULL DEFAULT 0")
