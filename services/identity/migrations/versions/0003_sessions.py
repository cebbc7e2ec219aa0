"""Devices named and trusted, sessions that idle."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    pass
