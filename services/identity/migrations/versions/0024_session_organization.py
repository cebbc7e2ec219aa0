"""A session can act for one organization. The previous release ignores the column, and its tokens act for the person alone."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.execute("ALTER TABLE sessions ADD COLUMN organization_id uuid")
