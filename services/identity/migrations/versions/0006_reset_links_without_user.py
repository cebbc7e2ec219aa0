"""Reset links without a user: a reset request costs the same whether or not an account exists."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE password_resets DROP CONSTRAINT password_resets_user_id_fkey")
