"""What history and statements are read by."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    pass
